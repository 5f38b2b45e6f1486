import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments, type ValidationOptions } from 'class-validator';
import { metadataProblem } from '../domain/metadata.js';
import { isScope } from '../domain/scopes.js';

/** RFC 3339, section 5.6, with seconds and an offset. */
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;

/** Reads an RFC 3339 time into a Date; what is none is left as it is, for `IsTime` to refuse. */
export function ReadTime(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) => {
    if (typeof value !== 'string' || !RFC3339.test(value) || !isCalendarDay(value.slice(0, 10))) return value;
    const time = new Date(value);
    return Number.isNaN(time.getTime()) ? value : time;
  });
}

/** JavaScript would read February 30 as March 2. */
function isCalendarDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

export function IsTime(): PropertyDecorator {
  return ValidateBy({
    name: 'isTime',
    validator: {
      validate: (value) => value instanceof Date,
      defaultMessage: () => 'must be an RFC 3339 time, such as 2027-05-27T10:00:00Z',
    },
  });
}

export function IsScopeName(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isScopeName',
      validator: {
        validate: isScope,
        defaultMessage: () =>
          '$property must be made of printable ASCII without spaces, quotes and backslashes (RFC 6749, section 3.3), 1 to 100 characters, with * only as the last level',
      },
    },
    options,
  );
}

/** Keeps an object as it came: class-transformer would rebuild it, and change some. */
export function AsGiven(): PropertyDecorator {
  return Transform(({ obj, key }: { obj: Record<string, unknown>; key: string }) => obj[key]);
}

export function IsMetadata(): PropertyDecorator {
  return ValidateBy({
    name: 'isMetadata',
    validator: {
      validate: (value) => metadataProblem(value) === null,
      defaultMessage: (args?: ValidationArguments) => metadataProblem(args?.value) ?? '',
    },
  });
}
