import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { DomainError } from '../../../shared/domain-error.js';
import { rawHeaderValues } from '../../../shared/http/raw-header-values.js';
import { KeyFormat } from '../../api-keys/index.js';

const NAMES_OF_KEYS = new Set(['key', 'apikey', 'api_key', 'api-key', 'x-api-key', 'access_token', 'token']);

/** Finds the key in a request that a gateway, or its holder, sends. */
@Injectable()
export class PresentedKeys {
  private readonly bearer: RegExp;
  private readonly anyKey: RegExp;

  constructor({ prefixes }: KeyFormat) {
    this.bearer = new RegExp(String.raw`^Bearer +((?:${prefixes.join('|')})_\S*)$`, 'i');
    this.anyKey = new RegExp(`(?:${prefixes.join('|')})_(?:live|test|service)_`, 'i');
  }

  /**
   * The key of a request that a gateway asks about: `x-api-key`, or `Authorization: Bearer upblit_…`. An Authorization
   * header that holds anything else is the upstream's business. Null when there is none.
   *
   * Throws `multiple_credentials` for two at once.
   */
  read(message: IncomingMessage): string | null {
    const authorizations = rawHeaderValues(message, 'authorization');
    const found = [
      ...rawHeaderValues(message, 'x-api-key'),
      ...authorizations.flatMap((value) => this.bearer.exec(value.trim())?.[1] ?? []),
    ];
    if (found.length > 1 || authorizations.length > 1) {
      throw new DomainError('multiple_credentials', 'Send one key, once: in x-api-key or in Authorization.');
    }
    return found[0] ?? null;
  }

  /** The same for who has no other credential. Throws `missing_api_key`, too. */
  require(message: IncomingMessage): string {
    const presented = this.read(message);
    if (presented !== null) return presented;
    throw missingKey();
  }

  /** Throws `key_in_query`: what stands in a URL ends in logs and histories. */
  refuseInQuery(query: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(query)) {
      if (NAMES_OF_KEYS.has(name.toLowerCase()) || this.anyKey.test(`${name} ${String(value)}`)) {
        throw new DomainError(
          'key_in_query',
          'Send the key in the x-api-key header, never in the URL; if it is real, revoke it: URLs are logged.',
          // Another name may be the key itself.
          {
            errors: [
              {
                field: NAMES_OF_KEYS.has(name.toLowerCase()) ? name : 'query',
                message: 'must not hold a key',
              },
            ],
          },
        );
      }
    }
  }
}

export function missingKey(): DomainError {
  return new DomainError('missing_api_key', 'Send a key in the x-api-key header.', {
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}
