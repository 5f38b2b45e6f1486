import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import type { FieldError } from '../../src/shared/domain-error.js';
import { Distinct } from '../../src/shared/http/validation.js';
import { InputValidationPipe } from '../../src/infrastructure/http/validation.pipe.js';
import { ImportKeysDto } from '../../src/modules/api-keys/http/key-import.dto.js';
import { IssueApiKeyDto } from '../../src/modules/api-keys/http/api-key.dto.js';

async function complaints(body: object, metatype: new () => object): Promise<FieldError[]> {
  const error: unknown = await new InputValidationPipe()
    .transform(body, { type: 'body', metatype })
    .catch((thrown: unknown) => thrown);
  return (error as { details: { errors: FieldError[] } }).details.errors;
}

/** A list that says how often it was read. */
function counted<T>(list: T[]): { list: T[]; reads: () => number } {
  let reads = 0;
  const proxy = new Proxy(list, {
    get: (target, name, receiver) => {
      reads += 1;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
  return { list: proxy, reads: () => reads };
}

describe('an input that is too large', () => {
  const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

  it('for its many scopes is refused without a look at them', async () => {
    const { list, reads } = counted(Array.from({ length: 174_000 }, (_, i) => `scope:${i}`));
    expect(await complaints({ keys: [{ sha256, scopes: list }] }, ImportKeysDto)).toEqual([
      { field: 'keys.0.scopes', message: 'scopes must contain no more than 100 elements' },
    ]);
    expect(reads()).toBeLessThan(100);
  });

  it('for its many values is refused when so many have been looked at', async () => {
    const { list, reads } = counted(Array.from({ length: 174_000 }, (_, i) => i));
    expect(await complaints({ metadata: { list } }, IssueApiKeyDto)).toEqual([
      { field: 'body', message: 'must not hold more than 10000 values' },
    ]);
    expect(reads()).toBeLessThan(50_000);
  });

  it('for its many fields, or a long text, is refused with one complaint', async () => {
    const fields = Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`field${i}`, 1]));
    expect(await complaints(fields, IssueApiKeyDto)).toEqual([
      { field: 'body', message: 'must not have more than 100 fields' },
    ]);
    expect(await complaints({ name: ' '.repeat(64_000) }, IssueApiKeyDto)).toEqual([
      { field: 'name', message: 'must not be longer than 16384 characters' },
    ]);
  });

  it('for its many fields in a place where any may be is refused when so many have been looked at', async () => {
    const fields = Object.fromEntries(Array.from({ length: 6000 }, (_, i) => [`field${i}`, 1]));
    for (const body of [{ metadata: fields }, { scopes: fields }, { unknown: [[fields]] }]) {
      expect(await complaints(body, IssueApiKeyDto)).toEqual([
        { field: 'body', message: 'must not have more than 3000 fields' },
      ]);
    }
  });

  it('in many places is told of twenty', async () => {
    const fields = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`field${i}`, 1]));
    expect(await complaints(fields, IssueApiKeyDto)).toHaveLength(20);
    expect(await complaints({ metadata: { list: Array(90).fill('\0') } }, IssueApiKeyDto)).toHaveLength(20);
  });

  it('is not what metadata may hold at most', async () => {
    const list: number[] = Array(999).fill(1);
    const { metadata } = (await new InputValidationPipe().transform(
      { metadata: { list } },
      { type: 'body', metatype: IssueApiKeyDto },
    )) as IssueApiKeyDto;
    expect(metadata).toEqual({ list });
    const objects = Array.from({ length: 9 }, () =>
      Object.fromEntries(Array.from({ length: 110 }, (_, i) => [`field${i}`, 1])),
    );
    const read = (await new InputValidationPipe().transform(
      { metadata: { objects } },
      { type: 'body', metatype: IssueApiKeyDto },
    )) as IssueApiKeyDto;
    expect(read.metadata).toEqual({ objects });
  });
});

describe('the elements of a list', () => {
  class ListDto {
    @Distinct()
    list!: unknown[];
  }

  it.each([
    ['different', (i: number) => i, 0],
    ['equal', () => 1, 1],
  ])('are each read few times to see whether they are %s', async (_, element, errors) => {
    const { list, reads } = counted(Array.from({ length: 1000 }, (__, i) => element(i)));
    const dto = plainToInstance(ListDto, {});
    dto.list = list;
    expect(await validate(dto)).toHaveLength(errors);
    expect(reads()).toBeLessThan(10 * list.length);
  });
});
