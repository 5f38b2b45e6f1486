import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { creditChangesProblem, creditsProblem, readCreditChanges, readCredits } from '../domain/credits.js';
import { rateLimitsProblem, readRateLimits } from '../domain/rate-limit.js';

type Problem = (value: unknown) => string | null;

/** Fills in what may be left out; a value that is refused is left as it is, for its check to say why. */
function read(problem: Problem, reader: (value: unknown) => unknown): PropertyDecorator {
  // As it came: class-transformer would rebuild it, and change some.
  return Transform(({ obj, key }: { obj: Record<string, unknown>; key: string }) => {
    const value = obj[key];
    return problem(value) === null ? reader(value) : value;
  });
}

function check(name: string, problem: Problem): PropertyDecorator {
  return ValidateBy({
    name,
    validator: {
      validate: (value) => problem(value) === null,
      defaultMessage: (args?: ValidationArguments) => problem(args?.value) ?? '',
    },
  });
}

export const ReadRateLimits = (): PropertyDecorator => read(rateLimitsProblem, readRateLimits);
export const IsRateLimits = (): PropertyDecorator => check('isRateLimits', rateLimitsProblem);
export const ReadCredits = (): PropertyDecorator => read(creditsProblem, readCredits);
export const IsCredits = (): PropertyDecorator => check('isCredits', creditsProblem);
export const ReadCreditChanges = (): PropertyDecorator => read(creditChangesProblem, readCreditChanges);
export const IsCreditChanges = (): PropertyDecorator => check('isCreditChanges', creditChangesProblem);
