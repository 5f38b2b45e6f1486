import { applyDecorators } from '@nestjs/common';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsObject,
  ValidateBy,
  ValidateIf,
  ValidateNested,
  type ValidationOptions,
} from 'class-validator';
import { isKeyScope } from '../key-scopes.js';

/** The field may be left out, but not be null: class-validator's own `@IsOptional()` lets null through. */
export function Omittable(options?: ValidationOptions): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined, options);
}

export type Class = new (...parameters: never[]) => object;

const NESTED = Symbol('NESTED');

/**
 * An object of a class that is validated in its turn, or with `each` a list of them. class-validator's own
 * `@ValidateNested()` also takes a list where an object should be, and finds nothing wrong with an empty one.
 */
export function Nested(type: () => new () => object, options?: ValidationOptions): PropertyDecorator {
  return applyDecorators(
    Type(type),
    IsObject(options),
    ValidateNested(options),
    (target: object, property: string | symbol): void => {
      const others = Reflect.getMetadata(NESTED, target) as Map<string, () => Class> | undefined;
      Reflect.defineMetadata(NESTED, new Map([...(others ?? []), [String(property), type]]), target);
    },
  );
}

/** The classes of the objects in a class, or in lists of it, as `@Nested()` and `@NestedList()` say. */
export function nestedClassesOf(type: Class): ReadonlyMap<string, Class> {
  const classes = Reflect.getMetadata(NESTED, type.prototype as object) as
    Map<string, () => Class> | undefined;
  return new Map([...(classes ?? [])].map(([property, classOf]) => [property, classOf()]));
}

/** No two elements of the list are the same. class-validator's `@ArrayUnique()` compares each with each. */
export function Distinct(): PropertyDecorator {
  return ValidateBy({
    name: 'distinct',
    validator: {
      validate: (value) => Array.isArray(value) && new Set(value).size === value.length,
      defaultMessage: () => "All $property's elements must be unique",
    },
  });
}

const NESTED_LIST = Symbol('NESTED_LIST');

export interface NestedListOf {
  property: string;
  max: number;
}

/**
 * A list of 1 to `max` objects of a class. A body may have one such list, which may be long: it is validated in slices,
 * so that others get their turn in between.
 */
export function NestedList(type: () => new () => object, max: number): PropertyDecorator {
  return applyDecorators(
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(max),
    Nested(type, { each: true }),
    (target: object, property: string | symbol): void => {
      Reflect.defineMetadata(NESTED_LIST, { property: String(property), max } satisfies NestedListOf, target);
    },
  );
}

/** The list that a class declares by `@NestedList()`. */
export function nestedListOf(type: Class | undefined): NestedListOf | undefined {
  return type && (Reflect.getMetadata(NESTED_LIST, type.prototype as object) as NestedListOf | undefined);
}

/** Takes white space off both ends before the value is checked. */
export function Trim(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value));
}

/** Reads a query parameter that holds an integer; anything else is left as it is, for the check to refuse. */
export function WholeNumber(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value,
  );
}

/** Reads a query parameter that is `true` or `false`; anything else is left as it is, for the check to refuse. */
export function Flag(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    value === 'true' || value === 'false' ? value === 'true' : value,
  );
}

export function IsScopeName(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isScopeName',
      validator: {
        validate: isKeyScope,
        defaultMessage: () =>
          '$property must be made of printable ASCII without spaces, quotes and backslashes (RFC 6749, section 3.3), 1 to 100 characters, with * only as the last level',
      },
    },
    options,
  );
}
