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

/**
 * An object of a class that is validated in its turn, or with `each` a list of them. class-validator's own
 * `@ValidateNested()` also takes a list where an object should be, and finds nothing wrong with an empty one.
 */
export function Nested(type: () => new () => object, options?: ValidationOptions): PropertyDecorator {
  return applyDecorators(Type(type), IsObject(options), ValidateNested(options));
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
export function nestedListOf(
  type: (new (...parameters: never[]) => object) | undefined,
): NestedListOf | undefined {
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
