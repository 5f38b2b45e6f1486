import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { hash } from 'node:crypto';
import { AccessTokenVerifier } from '../application/access-token-verifier.js';
import type { Principal } from '../domain/principal.js';

/** Tokens that are remembered; the one that has not been used for longest is forgotten first. */
const MAX_TOKENS = 1000;

type Claims = Record<string, unknown>;

/**
 * Access tokens whose signature has been found good, because checking one costs as much as all else that guards a
 * request. Only of issuers whose keys cannot change while the process runs, and under a hash of the very text that
 * was checked: another spelling is another token. Nothing else is taken for granted, the times of a token least.
 */
@Injectable()
export class VerifiedTokens {
  private readonly claims = new LRUCache<string, Claims>({ max: MAX_TOKENS });

  constructor(private readonly verifier: AccessTokenVerifier) {}

  /** To be called with the claims of a token whose signature is valid. */
  remember(token: string, claims: Claims): void {
    if (this.verifier.hasFixedKeys(claims)) this.claims.set(nameOf(token), claims);
  }

  /** Undefined when its signature must be checked. Throws `invalid_token` for claims that are invalid or have expired. */
  recall(token: string): Principal | undefined {
    const claims = this.claims.get(nameOf(token));
    return claims && this.verifier.principalOf(claims);
  }
}

function nameOf(token: string): string {
  return hash('sha256', token, 'base64');
}
