import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { parseEnv } from '../../config/env.js';
import { createLogger } from './logger.js';
import { NestLogger } from './nest-logger.js';
import { prettyLines } from './pretty.js';
import { holdsSecret, scrub, scrubKeysOf, scrubPath, scrubUrl } from './scrub.js';

const KEY = 'upblit_live_0123456789abcdefghijklmnopqrstuvwxyz';
const REFRESH_TOKEN = 'upblit_rt_0123456789abcdefghijklmnopqrstuvwxyz';
const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
const SECRETS = [KEY, REFRESH_TOKEN, JWT];

function logged(work: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  work(createLogger(parseEnv({ LOG_LEVEL: 'trace' }), { write: (line) => lines.push(line) }));
  return lines.join('');
}

describe('the log', () => {
  it.each(SECRETS)('holds no secret from a message: %s', (secret) => {
    const text = logged((log) => {
      log.info(`presented ${secret}, refused`);
    });
    expect(text).toContain('presented [redacted], refused');
    expect(text).not.toContain(secret.slice(-10));
  });

  it.each(SECRETS)('holds no secret from a field, a nested field, an array or a name: %s', (secret) => {
    const text = logged((log) => {
      log.warn({ note: secret, deep: { deeper: { list: [`Bearer ${secret}`] } }, [secret]: 1 });
    });
    expect(text).not.toContain(secret.slice(-10));
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  it.each([
    'authorization',
    'cookie',
    'x-api-key',
    'password',
    'token',
    'accessToken',
    'refreshToken',
    'pepper',
  ])('blanks what is called %s, whatever it looks like', (field) => {
    const text = logged((log) => {
      log.info({ [field]: 'hunter2', request: { headers: { [field]: 'hunter2' } } });
    });
    expect(text).not.toContain('hunter2');
  });

  it('says which statement failed by its constraint, and holds neither the statement, its parameters nor the row', () => {
    const cause = Object.assign(new Error('duplicate key value violates unique constraint "users_email"'), {
      code: '23505',
      detail: 'Key (email)=(someone@example.org) already exists.',
      constraint: 'users_email',
      where: 'hunter2',
    });
    const error = new QueryFailedError(
      'INSERT INTO users VALUES ($1, $2)',
      ['someone@example.org', 'hunter2'],
      cause,
    );
    const text = logged((log) => {
      log.error({ err: error }, 'failed');
    });
    expect(text).toContain('"code":"23505"');
    expect(text).toContain('"constraint":"users_email"');
    expect(text).not.toMatch(/hunter2|someone@|INSERT/);
  });

  it("tells an error's cause, three deep, and no more", () => {
    const chain = ['e4', 'e3', 'e2', 'e1', 'e0'].reduce<Error | undefined>(
      (cause, message) => new Error(message, { cause }),
      undefined,
    );
    const text = logged((log) => {
      log.error({ err: chain });
    });
    expect(text).toContain('"message":"e3"');
    expect(text).not.toContain('"message":"e4"');
  });
});

describe("Nest's logger", () => {
  it('writes errors with their stack and context, without the secrets in them', () => {
    const text = logged((log) => {
      const nest = new NestLogger(log);
      nest.error(new Error(`could not verify ${KEY}`), 'Keys');
      nest.error('failed', `Error: with ${JWT}\n    at somewhere`, 'Tokens');
    });
    expect(text).toContain('"context":"Keys"');
    expect(text).toContain('"context":"Tokens"');
    expect(text).toContain('at somewhere');
    for (const secret of SECRETS) expect(text).not.toContain(secret.slice(-10));
  });

  it('keeps what Nest says of every route at each start for those who ask', () => {
    const text = logged((log) => {
      const nest = new NestLogger(log);
      nest.log('Mapped {/applications, GET} route', 'RouterExplorer');
      nest.log('A message of ours', 'Keys');
    });
    const [mapped, ours] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: number });
    expect([mapped!.level, ours!.level]).toEqual([20, 30]);
  });
});

describe('a line for people', () => {
  it('tells the time, the level, the message and the fields', () => {
    let text = '';
    prettyLines({ write: (line) => (text += line) }).write(
      '{"level":40,"time":"2026-05-27T10:00:01.000Z","pid":1,"status":503,"msg":"answered","err":{"stack":"Error: x"}}',
    );
    // eslint-disable-next-line no-control-regex -- the colours
    expect(text.replace(/\u001b\[\d+m/g, '')).toBe('10:00:01  warn  answered  status=503\nError: x\n');
  });
});

describe('characters that a terminal would obey', () => {
  const evil = 'a\u001b[2K\u009b1A\u007f\u202eb\r\nc\u0000\u2028';
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/;

  it('never reach the log, in no place, and say in JSON what they said', () => {
    const text = logged((log) => {
      log.info({ field: evil, [evil]: 1, err: new Error(evil) }, evil);
    });
    expect(text).not.toMatch(obeyed);
    expect(text.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({ msg: evil, field: evil });
  });

  it('never reach the lines for people either, which stay lines', () => {
    let text = '';
    const lines = prettyLines({ write: (line) => (text += line) });
    lines.write(
      JSON.stringify({ level: 30, time: evil, msg: evil, field: evil, [evil]: evil, deep: [evil] }),
    );
    // eslint-disable-next-line no-control-regex -- the colours
    expect(text.replace(/\u001b\[\d+m/g, '')).not.toMatch(obeyed);
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    expect(text).toContain('\\u001b[2K');
    text = '';
    lines.write(JSON.stringify({ level: 50, time: '', msg: '', err: { stack: `Error: ${evil}\n    at x` } }));
    // eslint-disable-next-line no-control-regex -- the colours
    expect(text.replace(/\u001b\[\d+m/g, '')).not.toMatch(obeyed);
    expect(text).toContain('\n    at x');
  });
});

describe('an error of PostgreSQL about a value', () => {
  it('is logged without the value', () => {
    const cause = Object.assign(new Error('invalid input syntax for type uuid: "hunter2 \n "x" hunter2"'), {
      code: '22P02',
    });
    const text = logged((log) => {
      log.error({ err: new QueryFailedError('SELECT $1', ['hunter2'], cause) }, 'failed');
    });
    expect(text).toContain('invalid input syntax');
    expect(text).not.toContain('hunter2');
  });
});

describe('scrubbing', () => {
  it.each([
    `x${KEY}`,
    KEY.toUpperCase(),
    KEY.slice(0, 20),
    `${KEY}${KEY}`,
    'upblit%5Flive%5F0123456789',
    'upblit_test_x',
    JWT.slice(0, 20),
    'upblit_service_0123',
    Buffer.from(KEY).toString('hex'),
    ...[0, 1, 2].map((offset) => Buffer.from('x'.repeat(offset) + KEY).toString('base64')),
    Buffer.from(KEY, 'utf16le').toString('base64'),
    // Of others, as their documentation has them; in pieces, so that no scanner takes them for real ones.
    ['sk', 'live', '0123456789abcdef'].join('_'),
    ['ghp', '0123456789abcdefghij0123456789'].join('_'),
    ['xoxb', '0123', '0123456789'].join('-'),
    ['AKIA', '0123456789ABCDEF'].join(''),
    ['SG', '0123456789abcdefg', '0123456789abcdef'].join('.'),
  ])('takes %s for a secret', (text) => {
    expect(holdsSecret(text)).toBe(true);
    expect(scrub(text)).not.toMatch(/0123|c2lnb|CiOiJ/i);
  });

  it.each([
    (key: string) => key,
    (key: string) => `%2F${key.replaceAll('_', '%5F')}`,
    (key: string) => Buffer.from(key).toString('hex'),
    ...[0, 1, 2].map((offset) => (key: string) => Buffer.from('x'.repeat(offset) + key).toString('base64')),
    (key: string) => Buffer.from(key, 'utf16le').toString('base64'),
  ])(
    'takes a key of a prefix that the operator has chosen for a secret, however it is written: %#',
    (write) => {
      scrubKeysOf(['ab']);
      for (const kind of ['live', 'test', 'service']) {
        const text = write(`ab_${kind}_${'0123456789'.repeat(3)}`);
        expect(scrub(`<${text}>`)).not.toMatch(/0123|30313233|MTIz|ANDUyMz|wMTIz|AxMj/);
        expect(holdsSecret(text)).toBe(true);
      }
      for (const plain of ['ab_live', 'cab_lives', 'slab_']) expect(holdsSecret(plain)).toBe(false);
    },
  );

  it.each(['/applications/01890a5d-ac96-774b-bcce-b302099a8057', 'upblit_live', 'a-request-id', 'upblit'])(
    'leaves %s alone',
    (text) => {
      expect(holdsSecret(text)).toBe(false);
      expect(scrub(text)).toBe(text);
    },
  );

  it('keeps of a URL the parameters that say nothing about anybody', () => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    expect(scrubUrl(`/apikey?ApplicationId=${id}&status=active&email=a%40b.example&token=hunter2`)).toBe(
      `/apikey?ApplicationId=${id}&status=active&email=[redacted]&token=[redacted]`,
    );
    expect(scrubUrl('/apikey?ApplicationId=hunter2&limit=hunter2&cursor=hunter2&hunter2')).toBe(
      '/apikey?ApplicationId=[redacted]&limit=[redacted]&cursor=[redacted]&[redacted]=[redacted]',
    );
  });

  it('keeps of a path what its route has written, and UUIDs', () => {
    const id = '01890a5d-ac96-774b-bcce-b302099a8057';
    const route = '/applications/:id/members/:member';
    expect(scrubPath(`/applications/${id}/members/${id}?x=1`, route)).toBe(
      `/applications/${id}/members/${id}`,
    );
    for (const foreign of ['hunter', 'abc', 'deadbeef', '1', '%2e', ':member', 'a'.repeat(500)]) {
      expect(scrubPath(`/applications/${id}/members/${foreign}`, route)).toBe(
        `/applications/${id}/members/[redacted]`,
      );
    }
  });

  it('keeps of a path that no route has what is too plain for a credential', () => {
    expect(scrubPath('/favicon.ico')).toBe('/favicon.ico');
    expect(scrubPath('/api/v1/0123456789abcdef/correcthorsebatterystaple/%75x')).toBe(
      '/api/[redacted]/[redacted]/[redacted]/[redacted]',
    );
  });

  it.each([
    `/x/${KEY}`,
    `/x/%75pblit_live_0123456789`,
    `/x?ApplicationId=${KEY}`,
    `/x?${KEY}`,
    `/x?%75pblit_live_0123456789`,
    `/x?status=%75pblit_live_0123456789`,
  ])('takes a secret out of a URL: %s', (url) => {
    expect(scrubUrl(url)).not.toContain('0123456789');
    expect(scrubPath(url)).not.toContain('0123456789');
  });
});
