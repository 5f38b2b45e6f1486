import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { WorkPerTurn } from '../support/work-per-turn.js';
import { NestedList } from '../../src/shared/http/validation.js';
import type { FieldError } from '../../src/shared/domain-error.js';
import { InputValidationPipe } from '../../src/infrastructure/http/validation.pipe.js';

const MAX = 1000;
/** What may be validated before others get their turn. */
const AT_ONCE = 20;

class ItemDto {
  @IsString()
  name!: string;
}

class BodyDto {
  @IsString()
  title!: string;

  @NestedList(() => ItemDto, MAX)
  items!: ItemDto[];
}

describe('a long list in a body', () => {
  let work: WorkPerTurn;
  beforeEach(() => {
    work = new WorkPerTurn();
  });
  afterEach(() => {
    work.stop();
  });

  function validate(items: unknown, more: object = { title: 'a title' }): Promise<unknown> {
    return new InputValidationPipe().transform({ ...more, items }, { type: 'body', metatype: BodyDto });
  }

  async function complaints(items: unknown, more?: object): Promise<FieldError[]> {
    const error: unknown = await validate(items, more).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return (error as { details: { errors: FieldError[] } }).details.errors;
  }

  function list(length: number): { name: string }[] {
    return Array.from({ length }, (_, i) => ({ name: String(i) }));
  }

  /** Each is counted in the turn in which it is first looked at. */
  function counted(length: number): object[] {
    return Array.from({ length }, (_, i) => {
      let isNew = true;
      return Object.defineProperty({}, 'name', {
        enumerable: true,
        get: () => {
          if (isNew) work.count();
          isNew = false;
          return String(i);
        },
      });
    });
  }

  it('is looked at in slices, between which others get their turn', async () => {
    await validate(counted(MAX));
    expect(work.total).toBe(MAX);
    expect(work.most).toBeLessThanOrEqual(AT_ONCE);
  });

  it.each([1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE, MAX - 1, MAX])(
    'of %i objects is the same as if it were validated at once',
    async (length) => {
      const body = (await validate(list(length))) as BodyDto;
      expect(body).toBeInstanceOf(BodyDto);
      expect(body).toEqual(Object.assign(new BodyDto(), { title: 'a title', items: list(length) }));
      expect(body.items.every((item) => item instanceof ItemDto)).toBe(true);
    },
  );

  it.each([0, AT_ONCE, 333, MAX - 1])(
    'is refused for what is wrong at place %i, which is named',
    async (at) => {
      const items: unknown[] = list(MAX);
      items[at] = { name: 7 };
      expect(await complaints(items)).toEqual([
        { field: `items.${at}.name`, message: 'name must be a string' },
      ]);
      items[at] = { name: 'x', other: 1 };
      expect(await complaints(items)).toEqual([{ field: `items.${at}.other`, message: 'is not known here' }]);
      items[at] = { name: '\0' };
      expect(await complaints(items)).toEqual([
        { field: `items.${at}.name`, message: 'must not hold a NUL, nor half of a character' },
      ]);
    },
  );

  it.each([[[]], [null], ['text'], [7]])('is refused for %j among its objects', async (item) => {
    const items: unknown[] = list(MAX);
    items[700] = item;
    expect(await complaints(items)).toContainEqual({
      field: 'items',
      message: 'each value in items must be an object',
    });
  });

  it('is refused when it is too long, empty or none, and for what is wrong beside it', async () => {
    expect(await complaints(list(MAX + 1))).toEqual([
      { field: 'items', message: `items must contain no more than ${MAX} elements` },
    ]);
    expect(await complaints([])).toEqual([
      { field: 'items', message: 'items must contain at least 1 elements' },
    ]);
    expect((await complaints({ length: 100 })).map(({ field }) => field)).toContain('items');
    expect(await complaints(list(MAX), {})).toEqual([{ field: 'title', message: 'title must be a string' }]);
  });
});
