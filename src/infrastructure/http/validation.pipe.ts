import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { DomainError, type FieldError } from '../../shared/domain-error.js';
import { nestedListOf, type NestedListOf } from '../../shared/http/validation.js';
import { complaintsAbout, countValues, MAX_ERRORS, pathName } from './input-bounds.js';
import { validationFailed } from './to-domain-error.js';

/** Objects of a long list that are validated before others get their turn; fewer when they are large. */
const SLICE = 20;
/** Values in them. */
const SLICE_VALUES = 500;

type Fields = Record<string, unknown>;

/**
 * Turns a body or a query into its DTO. What no DTO declares is refused, as is a query parameter given twice and
 * text that PostgreSQL cannot hold. No answer echoes a value.
 */
export class InputValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => validationFailed(firstOf(fieldErrorsOf(errors))),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const declared = metadata.type === 'body' ? nestedListOf(metadata.metatype) : undefined;
    if (declared !== undefined && isObject(value)) {
      const list = value[declared.property];
      if (Array.isArray(list) && list.length > 1) {
        return this.transformInSlices(value, list, declared, metadata);
      }
    }
    return this.transformAtOnce(value, metadata);
  }

  /** Ends with the first slice in which something is wrong, and names that. */
  private async transformInSlices(
    body: Fields,
    list: readonly unknown[],
    { property, max }: NestedListOf,
    metadata: ArgumentMetadata,
  ): Promise<unknown> {
    if (list.length > max) {
      throw validationFailed([
        { field: property, message: `${property} must contain no more than ${max} elements` },
      ]);
    }
    let whole: Fields | undefined;
    for (let from = 0; from < list.length;) {
      if (from > 0) await setImmediate();
      const slice = sliceOf(list, from);
      const part = { ...body, [property]: slice };
      const at = from;
      const read = (await this.transformAtOnce(part, metadata).catch((error: unknown) => {
        throw movedBy(at, property, error);
      })) as Fields;
      if (whole === undefined) whole = read;
      else (whole[property] as unknown[]).push(...(read[property] as unknown[]));
      from += slice.length;
    }
    return whole;
  }

  private async transformAtOnce(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' || metadata.type === 'query') {
      const complaints = complaintsAbout(value, metadata.type, metadata.metatype);
      if (complaints.length > 0) throw validationFailed(complaints);
    }
    return super.transform(value, metadata);
  }
}

/** The next objects that are validated together: at least one. */
function sliceOf(list: readonly unknown[], from: number): unknown[] {
  let values = 0;
  let end = from;
  while (end < list.length && end < from + SLICE) {
    values += countValues(list[end]);
    if (end > from && values > SLICE_VALUES) break;
    end += 1;
  }
  return list.slice(from, end);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The refusal of a slice, with the places in the whole list. */
function movedBy(from: number, property: string, error: unknown): unknown {
  const errors = error instanceof DomainError ? error.details.errors : undefined;
  if (errors === undefined) return error;
  const place = new RegExp(String.raw`^${property}\.(\d+)`);
  return validationFailed(
    errors.map(({ field, message }) => ({
      field: field.replace(place, (_, index: string) => `${property}.${from + Number(index)}`),
      message,
    })),
  );
}

function* fieldErrorsOf(errors: readonly ValidationError[], parents: string[] = []): Generator<FieldError> {
  for (const error of errors) {
    const path = [...parents, error.property];
    for (const [constraint, message] of Object.entries(error.constraints ?? {})) {
      // class-validator would repeat the name, which nobody declared, in the message.
      const text = constraint === 'whitelistValidation' ? 'is not known here' : message;
      yield { field: pathName(path), message: text };
    }
    yield* fieldErrorsOf(error.children ?? [], path);
  }
}

function firstOf(errors: Iterable<FieldError>): FieldError[] {
  const first: FieldError[] = [];
  for (const error of errors) {
    if (first.push(error) === MAX_ERRORS) break;
  }
  return first;
}
