import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { default as addFormats } from 'ajv-formats';
import type { Response } from 'supertest';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a document is read, member by member
type Json = Record<string, any>;

/** Those that tell a client something of this API, not of its transport. */
const OWN_HEADERS =
  /^(x-(key|application|owner|credits|verification|ratelimit)-|ratelimit|retry-after|location|sunset|www-auth)/;
const JSON_TYPES = ['application/json', 'application/problem+json'];

/** Says whether an answer is what an OpenAPI 3.1 document says of it. */
export class DescribedAnswers {
  /** `operationId status` of all answers that were looked at. */
  readonly seen = new Set<string>();

  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly components: Json;
  private readonly validators = new Map<Json, ValidateFunction>();

  constructor(private readonly document: Json) {
    addFormats.default(this.ajv);
    this.components = close(document.components as Json);
  }

  /** Throws when the answer to this call is another than described, or has a field that is not described. */
  check(method: string, path: string, answer: Response): void {
    const operation = this.document.paths[path]?.[method] as Json | undefined;
    if (operation === undefined) throw new Error(`${method} ${path} is not described.`);
    const what = `${operation.operationId as string} ${answer.status}`;
    const described = operation.responses[answer.status] as Json | undefined;
    if (described === undefined) throw new Error(`${what} is not described: ${answer.text}`);
    this.seen.add(what);

    const problems = [...this.bodyProblems(described, answer), ...this.headerProblems(described, answer)];
    if (problems.length > 0) throw new Error(`${what}: ${problems.join('; ')}\n${answer.text}`);
  }

  private bodyProblems(described: Json, answer: Response): string[] {
    if (described.content === undefined) return answer.text === '' ? [] : ['a body is not described'];
    const type = answer.type;
    const content = described.content[type] as Json | undefined;
    if (content === undefined) return [`the type ${type} is not described`];
    const validate = this.validatorOf(content.schema as Json);
    if (validate(JSON_TYPES.includes(type) ? answer.body : answer.text)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) =>
      [instancePath, message, JSON.stringify(params)].join(' '),
    );
  }

  private headerProblems(described: Json, answer: Response): string[] {
    const names = Object.keys((described.headers ?? {}) as Json).map((name) => name.toLowerCase());
    return Object.keys(answer.headers)
      .filter((name) => OWN_HEADERS.test(name))
      .filter((name) => !names.includes(name))
      .map((name) => `the header ${name} is not described`);
  }

  private validatorOf(schema: Json): ValidateFunction {
    const made = this.validators.get(schema);
    if (made !== undefined) return made;
    const validator = this.ajv.compile({ ...close(schema), components: this.components });
    this.validators.set(schema, validator);
    return validator;
  }
}

/** The same schemas, without room for fields that they do not name. */
function close<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map((part) => close<unknown>(part)) as T;
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(
    Object.entries(schema as Json).map(([key, part]) => [key, close<unknown>(part)]),
  );
  const isOpen =
    copy.type === 'object' && copy.properties !== undefined && copy.additionalProperties === undefined;
  return (isOpen ? { ...copy, additionalProperties: false } : copy) as T;
}
