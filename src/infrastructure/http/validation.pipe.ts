import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { DomainError, type FieldError } from '../../shared/domain-error.js';
import { nestedListOf, type NestedListOf } from '../../shared/http/validation.js';
import { fieldName, validationFailed } from './to-domain-error.js';

/** Deeper than any body that is described, far shallower than what would exhaust the stack. */
const MAX_DEPTH = 16;

/** Names that class-transformer and Nest drop in silence, because objects have them anyway. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);

/** Objects of a long list that are validated before others get their turn. */
const SLICE = 20;

type Fields = Record<string, unknown>;

const UNSTORABLE = /\0|\p{Surrogate}/u;

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
      exceptionFactory: (errors) => validationFailed(errors.flatMap((error) => toFieldErrors(error))),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const declared = metadata.type === 'body' ? nestedListOf(metadata.metatype) : undefined;
    if (declared !== undefined && isObject(value)) {
      const list = value[declared.property];
      if (Array.isArray(list) && list.length > SLICE) {
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
    for (let from = 0; from < list.length; from += SLICE) {
      if (from > 0) await setImmediate();
      const part = { ...body, [property]: list.slice(from, from + SLICE) };
      const read = (await this.transformAtOnce(part, metadata).catch((error: unknown) => {
        throw movedBy(from, property, error);
      })) as Fields;
      if (whole === undefined) whole = read;
      else (whole[property] as unknown[]).push(...(read[property] as unknown[]));
    }
    return whole;
  }

  private async transformAtOnce(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' || metadata.type === 'query') {
      const complaints = complaintsAbout(value, metadata.type);
      if (complaints.length > 0) throw validationFailed(complaints);
    }
    return super.transform(value, metadata);
  }
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

function complaintsAbout(value: unknown, type: 'body' | 'query'): FieldError[] {
  const complaints: FieldError[] = [];
  const visit = (child: unknown, path: string[]): void => {
    if (typeof child === 'string') {
      if (UNSTORABLE.test(child)) {
        complaints.push({ field: pathName(path), message: 'holds a character that no text can hold' });
      }
      return;
    }
    if (typeof child !== 'object' || child === null) return;
    if (path.length > MAX_DEPTH) {
      complaints.push({ field: pathName(path.slice(0, 3)), message: 'is nested too deeply' });
      return;
    }
    for (const [key, grandchild] of Object.entries(child)) {
      if (RESERVED.has(key) || UNSTORABLE.test(key)) {
        complaints.push({ field: pathName([...path, key]), message: 'is not a name that can be used' });
      } else if (type === 'query' && Array.isArray(grandchild)) {
        complaints.push({ field: pathName([key]), message: 'must be given once' });
      } else {
        visit(grandchild, [...path, key]);
      }
    }
  };
  visit(value, []);
  return complaints;
}

function toFieldErrors(error: ValidationError, parents: string[] = []): FieldError[] {
  const path = [...parents, error.property];
  const own = Object.entries(error.constraints ?? {}).map(([constraint, message]) => ({
    field: pathName(path),
    // class-validator would repeat the name, which nobody declared, in the message.
    message: constraint === 'whitelistValidation' ? 'is not known here' : message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => toFieldErrors(child, path))];
}

function pathName(path: string[]): string {
  return fieldName(path.join('.') || 'body');
}
