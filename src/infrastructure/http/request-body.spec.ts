import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import Fastify from 'fastify';
import { WorkPerTurn } from '../../../test/support/work-per-turn.js';
import { readBodies } from './request-body.js';

describe('Large bodies', () => {
  const fastify = Fastify();
  beforeAll(() => {
    readBodies(fastify);
    fastify.post('/', { bodyLimit: 1024 * 1024 }, ({ body }) => ({
      keys: (body as { keys: unknown[] }).keys.length,
    }));
  });
  afterAll(() => fastify.close());

  it('that come at once are parsed one after the other, a little in each turn of the event loop', async () => {
    const payload = JSON.stringify({
      keys: Array.from({ length: 15_000 }, (_, i) => ({ name: `key ${i}` })),
    });
    const work = new WorkPerTurn();
    const { parse } = JSON;
    const spy = jest.spyOn(JSON, 'parse').mockImplementation((text) => {
      if (text.includes('key ')) work.count();
      return parse(text);
    });
    try {
      const answers = await Promise.all(
        Array.from({ length: 6 }, () =>
          fastify.inject({
            method: 'POST',
            url: '/',
            headers: { 'content-type': 'application/json' },
            payload,
          }),
        ),
      );
      expect(answers.map((answer) => answer.json<{ keys: number }>())).toEqual(
        Array(6).fill({ keys: 15_000 }),
      );
    } finally {
      spy.mockRestore();
      work.stop();
    }
    expect(work.total).toBeGreaterThan(6 * 5);
    // The last slice of one, and the first one of the next.
    expect(work.most).toBeLessThanOrEqual(2);
  });
});
