import { describe, expect, it } from '@jest/globals';
import { EnvError } from '../config/env.js';
import { explainFailure } from './start-failure.js';

const failing = (code: string): Error => Object.assign(new Error(`something with ${code}`), { code });

describe('a start that fails', () => {
  it.each([
    ['EMFILE', 'There are no file descriptors left'],
    ['ENFILE', 'There are no file descriptors left'],
    ['EADDRINUSE', 'The port is taken'],
    ['EACCES', 'may not be listened on'],
    ['28P01', 'PostgreSQL refuses the password'],
    ['28000', 'PostgreSQL lets the role of DATABASE_URL not in'],
    ['3D000', 'does not exist'],
    ['42501', 'run "npm run migrate"'],
    ['ECONNREFUSED', 'out of reach: ECONNREFUSED'],
    ['53300', 'out of reach: 53300'],
  ])('with %s says so in one sentence, without a stack', (code, sentence) => {
    const text = explainFailure(failing(code));
    expect(text).toContain(sentence);
    expect(text).not.toContain('\n');
  });

  it('on a port that is taken names it', () => {
    const error = Object.assign(failing('EADDRINUSE'), { port: 3000 });
    expect(explainFailure(error)).toBe('The port 3000 is taken by another process: set PORT to a free one.');
  });

  it('with what nobody foresaw shows where', () => {
    expect(explainFailure(new Error('a surprise'))).toContain('start-failure.spec');
    expect(explainFailure(new EnvError(['PORT must be a number']))).toContain('- PORT must be a number');
  });
});
