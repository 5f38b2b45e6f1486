import { isDeepStrictEqual } from 'node:util';
import type { OpenAPIObject } from '@nestjs/swagger';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Schema = Schemas[string];

/** Keywords of JSON Schema that hold values rather than schemas. */
const VALUES = new Set(['example', 'examples', 'default', 'const', 'enum']);

/**
 * Moves every schema that stands in a route and has a `title` out of it, leaves a reference, and returns what was moved
 * by its title: generated clients give such schemas a name. Schemas of classes have one without this.
 *
 * Throws when two different schemas have one title.
 */
export function nameSchemas(routes: object): Schemas {
  const named: Schemas = {};
  for (const [key, part] of Object.entries(routes) as [string, unknown][]) {
    (routes as Record<string, unknown>)[key] = replace(part, named);
  }
  return named;
}

function replace(part: unknown, named: Schemas): unknown {
  if (Array.isArray(part)) return part.map((item) => replace(item, named));
  if (typeof part !== 'object' || part === null) return part;
  const copy = Object.fromEntries(
    (Object.entries(part) as [string, unknown][]).map(([key, child]) => [
      key,
      VALUES.has(key) ? child : replace(child, named),
    ]),
  );
  const { title } = copy;
  if (typeof title !== 'string') return copy;
  if (named[title] !== undefined && !isDeepStrictEqual(named[title], copy)) {
    throw new Error(`Two schemas have the title ${title}.`);
  }
  named[title] = copy;
  return { $ref: `#/components/schemas/${title}` };
}

/**
 * The same schemas, which say the defaults of fields in words: generators of clients take a field with a `default` for
 * one that is always there, and then demand it in what is sent, too.
 */
export function describeDefaults(schemas: Schemas): Schemas {
  return mapValues(schemas, (schema) => {
    if (!('properties' in schema)) return schema;
    return { ...schema, properties: mapValues(schema.properties, describeDefault) };
  });
}

function describeDefault(schema: Schema): Schema {
  if (!('default' in schema)) return schema;
  const { default: value, description, ...rest } = schema as { default: unknown; description?: string };
  const words = `Default: \`${JSON.stringify(value)}\`.`;
  return { ...rest, description: description === undefined ? words : `${description} ${words}` };
}

function mapValues<T>(values: Record<string, T>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}
