import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { WebhookSecret, WebhookSecretSeal } from './webhook-secret.js';

const OLD = { version: 1, key: randomBytes(32) };
const NEW = { version: 2, key: randomBytes(32) };

describe('the secret of a webhook', () => {
  it('signs what the library of Standard Webhooks verifies', () => {
    const secret = WebhookSecret.generate();
    const timestamp = Math.floor(Date.now() / 1000);
    const headers = {
      'webhook-id': 'an id',
      'webhook-timestamp': String(timestamp),
      'webhook-signature': secret.sign('an id', timestamp, '{"a":1}'),
    };
    expect(new Webhook(secret.reveal()).verify('{"a":1}', headers)).toEqual({ a: 1 });
    expect(() => new Webhook(secret.reveal()).verify('{"a":2}', headers)).toThrow();
  });

  it('shows itself to nobody who does not ask', () => {
    const secret = WebhookSecret.generate();
    const shown = `${String(secret)} ${JSON.stringify({ secret })} ${inspect({ secret })}`;
    expect(shown).not.toContain(secret.reveal().slice(6, 20));
  });

  it('opens for its own webhook alone, with its own pepper, and unchanged', () => {
    const secret = WebhookSecret.generate();
    const closed = new WebhookSecretSeal([OLD]).close(secret, 'a');
    expect(new WebhookSecretSeal([OLD, NEW], 2).open(closed, 'a').reveal()).toBe(secret.reveal());
    expect(() => new WebhookSecretSeal([OLD]).open(closed, 'b')).toThrow();
    expect(() => new WebhookSecretSeal([NEW]).open(closed, 'a')).toThrow('service_unavailable');
    expect(() => new WebhookSecretSeal([{ ...OLD, key: NEW.key }]).open(closed, 'a')).toThrow();
    const changed = Buffer.from(closed.sealed);
    changed[changed.length - 1]! ^= 1;
    expect(() => new WebhookSecretSeal([OLD]).open({ ...closed, sealed: changed }, 'a')).toThrow();
    expect(closed.sealed.includes(secret.bytes())).toBe(false);
  });

  it('is closed anew under a newer pepper, and never under an older one', () => {
    const secret = WebhookSecret.generate();
    const before = new WebhookSecretSeal([OLD, NEW], 1).close(secret, 'a');
    const renewed = new WebhookSecretSeal([OLD, NEW], 2).renew(before, 'a')!;
    expect(new WebhookSecretSeal([NEW]).open(renewed, 'a').reveal()).toBe(secret.reveal());
    expect(new WebhookSecretSeal([OLD, NEW], 2).renew(renewed, 'a')).toBeNull();
    expect(new WebhookSecretSeal([OLD, NEW], 1).renew(renewed, 'a')).toBeNull();
    expect(() => new WebhookSecretSeal([NEW]).renew(before, 'a')).toThrow('service_unavailable');
  });

  it('is closed otherwise each time', () => {
    const secret = WebhookSecret.generate();
    const seal = new WebhookSecretSeal([OLD]);
    expect(seal.close(secret, 'a').sealed.equals(seal.close(secret, 'a').sealed)).toBe(false);
  });
});
