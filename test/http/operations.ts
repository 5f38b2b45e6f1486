import { readFile } from 'node:fs/promises';

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  example?: string | number;
  schema?: { example?: string | number; enum?: string[] };
}

export interface Operation {
  method: string;
  path: string;
  parameters: Parameter[];
  /** What the description offers to send. */
  bodies: unknown[];
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a document is read, member by member
type Json = any;

/** Every operation that `openapi.json` describes. */
export const operations = await readOperations();

async function readOperations(): Promise<Operation[]> {
  const document = JSON.parse(await readFile('openapi.json', 'utf8'));
  return Object.entries(document.paths as Record<string, Record<string, Json>>).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters = [], requestBody }]) => {
      const { examples = {}, schema } = requestBody?.content['application/json'] ?? {};
      const offered = Object.values(examples as Record<string, { value: unknown }>).map(({ value }) => value);
      return {
        method,
        path,
        parameters,
        bodies: schema === undefined ? [] : [...offered, sampleOf(schema, document)],
      };
    }),
  );
}

/** An object with every field that a schema has. */
function sampleOf(schema: Json, document: Json): unknown {
  if (schema.$ref !== undefined) {
    return sampleOf(document.components.schemas[String(schema.$ref).split('/').at(-1)!], document);
  }
  const [first] = schema.allOf ?? schema.anyOf ?? [];
  if (first !== undefined && schema.type === undefined) return sampleOf(first, document);
  if (schema.example !== undefined && schema.type !== 'object') return schema.example;
  if (schema.type === 'object' && schema.properties !== undefined) {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, child]) => [name, sampleOf(child, document)]),
    );
  }
  if (schema.type === 'array') return [sampleOf(schema.items, document)];
  return schema.example ?? schema.default ?? schema.enum?.[0] ?? 'text';
}
