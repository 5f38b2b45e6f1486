import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { TestApp } from '../../support/test-app.js';
import { startEverything } from './everything.js';
import { fuzz, toCommand } from './fuzz.js';

/** `npm run fuzz` sends many more. */
const REQUESTS = 1200;

let app: TestApp;
let stop: () => Promise<void>;

beforeAll(async () => {
  ({ app, stop } = await startEverything());
});
afterAll(() => stop());

it('No generated request is answered with an error of ours', async () => {
  const { faults, done } = await fuzz(app, { requests: REQUESTS, seed: 1 });
  expect(faults.map(({ answer, request }) => `${answer}\n${toCommand(request)}`)).toEqual([]);
  // They are about something.
  expect(done.size).toBeGreaterThan(30);
});
