import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import type { FieldError } from '../../shared/domain-error.js';
import { fieldName, validationFailed } from './to-domain-error.js';

/** Deeper than any body that is described, far shallower than what would exhaust the stack. */
const MAX_DEPTH = 16;

/** Names that class-transformer and Nest drop in silence, because objects have them anyway. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);

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
    if (metadata.type === 'body' || metadata.type === 'query') {
      const complaints = complaintsAbout(value, metadata.type);
      if (complaints.length > 0) throw validationFailed(complaints);
    }
    return super.transform(value, metadata);
  }
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
