import { getMetadataStorage } from 'class-validator';
import type { FieldError } from '../../shared/domain-error.js';
import { nestedClassesOf, type Class } from '../../shared/http/validation.js';
import { fieldName } from './to-domain-error.js';

/** Deeper than any body that is described, far shallower than what would exhaust the stack. */
const MAX_DEPTH = 16;

/** Values in a body or a query, fields and elements of all levels together: metadata has no more than a tenth of them. */
const MAX_VALUES = 10_000;

/**
 * Fields of all objects in a body together: 16 KiB of metadata hold no more, and what class-transformer does for a field
 * takes microseconds.
 */
const MAX_FIELDS_IN_ALL = 3000;

/** Fields of an object that a class describes; none has as many. */
const MAX_FIELDS = 100;

/** UTF-16 code units of a text, which is as long as metadata may be: nothing else takes a longer one. */
const MAX_TEXT = 16 * 1024;

/** Complaints that are told. Beyond them, more does not help. */
export const MAX_ERRORS = 20;

/** Names that class-transformer and Nest drop in silence, because objects have them anyway. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);

const UNSTORABLE = /\0|\p{Surrogate}/u;

/**
 * What is wrong with an input whatever its fields mean: it is too large in one way or another, or holds what PostgreSQL
 * cannot hold. It costs as much as what is looked at, and that is bounded: so it comes before class-transformer and
 * class-validator, whose work may grow much faster than their input does.
 *
 * @param type The class that describes the input.
 */
export function complaintsAbout(value: unknown, source: 'body' | 'query', type?: Class): FieldError[] {
  return new InputCheck(source).complaintsAbout(value, type);
}

/** How many values there are in one, itself included; counts to `MAX_VALUES` and one. */
export function countValues(value: unknown): number {
  const pending: unknown[] = [value];
  let count = 0;
  while (pending.length > 0 && count <= MAX_VALUES) {
    const next = pending.pop();
    count += 1;
    if (typeof next !== 'object' || next === null) continue;
    const children: unknown[] = Array.isArray(next) ? next : Object.values(next);
    if (children.length + pending.length + count > MAX_VALUES) return MAX_VALUES + 1;
    pending.push(...children);
  }
  return count;
}

class InputCheck {
  private readonly complaints: FieldError[] = [];
  private readonly path: string[] = [];
  private values = 0;
  private fields = 0;

  constructor(private readonly source: 'body' | 'query') {}

  complaintsAbout(value: unknown, type: Class | undefined): FieldError[] {
    this.visit(value, type);
    return this.complaints;
  }

  private get isOver(): boolean {
    return (
      this.values > MAX_VALUES || this.fields > MAX_FIELDS_IN_ALL || this.complaints.length >= MAX_ERRORS
    );
  }

  private visit(value: unknown, type: Class | undefined): void {
    if (typeof value === 'string') {
      if (value.length > MAX_TEXT) this.complain(this.path, `must not be longer than ${MAX_TEXT} characters`);
      else if (UNSTORABLE.test(value))
        this.complain(this.path, 'must not hold a NUL, nor half of a character');
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    if (this.path.length > MAX_DEPTH) {
      this.complain(this.path.slice(0, 3), 'is nested too deeply');
      return;
    }
    if (Array.isArray(value)) this.visitElements(value, type);
    else this.visitFields(value as Record<string, unknown>, type);
  }

  private visitElements(list: readonly unknown[], type: Class | undefined): void {
    for (let i = 0; i < list.length && !this.isOver; i++) this.visitChild(String(i), list[i], type);
  }

  private visitFields(fields: Record<string, unknown>, type: Class | undefined): void {
    const bounds = type && listBoundsOf(type);
    const nested = type && nestedClassesOf(type);
    let count = 0;
    // No list of all names: there may be very many.
    for (const name in fields) {
      if (this.isOver) return;
      count += 1;
      this.fields += 1;
      if (this.fields > MAX_FIELDS_IN_ALL) {
        this.complain([], `must not have more than ${MAX_FIELDS_IN_ALL} fields`);
        return;
      }
      if (type !== undefined && count > MAX_FIELDS) {
        this.complain(this.path, `must not have more than ${MAX_FIELDS} fields`);
        return;
      }
      const value = fields[name];
      const max = bounds?.get(name);
      if (RESERVED.has(name) || UNSTORABLE.test(name)) {
        this.complain([...this.path, name], 'is not a name that can be used');
      } else if (this.source === 'query' && Array.isArray(value)) {
        this.complain([name], 'must be given once');
      } else if (max !== undefined && Array.isArray(value) && value.length > max) {
        this.complain([...this.path, name], `${name} must contain no more than ${max} elements`);
      } else {
        this.visitChild(name, value, nested?.get(name));
      }
    }
  }

  private visitChild(name: string, value: unknown, type: Class | undefined): void {
    this.values += 1;
    if (this.values > MAX_VALUES) {
      this.complain([], `must not hold more than ${MAX_VALUES} values`);
      return;
    }
    this.path.push(name);
    this.visit(value, type);
    this.path.pop();
  }

  private complain(path: readonly string[], message: string): void {
    this.complaints.push({ field: pathName(path), message });
  }
}

export function pathName(path: readonly string[]): string {
  return fieldName(path.join('.') || 'body');
}

const knownBounds = new WeakMap<Class, ReadonlyMap<string, number>>();

/** How many elements the lists of a class may have, as it says by `@ArrayMaxSize()`. */
function listBoundsOf(type: Class): ReadonlyMap<string, number> {
  let bounds = knownBounds.get(type);
  if (bounds === undefined) {
    bounds = new Map(
      getMetadataStorage()
        .getTargetValidationMetadatas(type, '', false, false)
        .filter(({ name }) => name === 'arrayMaxSize')
        .map(({ propertyName, constraints }) => [propertyName, Number((constraints as unknown[])[0])]),
    );
    knownBounds.set(type, bounds);
  }
  return bounds;
}
