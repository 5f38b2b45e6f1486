import { Injectable } from '@nestjs/common';
import type { Origin } from '../../../shared/actor.js';
import type { Principal } from '../domain/principal.js';

/** Knows service keys. */
export interface ServiceKeyAuthenticator {
  /** Whom the key speaks for. Throws `invalid_service_key` and `address_not_allowed`. */
  authenticate(presented: string, origin: Origin): Principal | Promise<Principal>;
}

/** Of whatever prefix the operator has chosen, which this module does not know. No access token begins so. */
const BEGINNING = /^[a-z][a-z0-9]{1,15}_service_/i;

/** Whether somebody means it as a service key, good or not. */
export function isMeantAsServiceKey(credential: string): boolean {
  return BEGINNING.test(credential);
}

/** Who can tell whether a service key is good enters themselves here: this module knows no keys. */
@Injectable()
export class ServiceKeyAuthentication {
  private authenticator: ServiceKeyAuthenticator | undefined;

  enter(authenticator: ServiceKeyAuthenticator): void {
    this.authenticator = authenticator;
  }

  async authenticate(presented: string, origin: Origin): Promise<Principal> {
    if (this.authenticator === undefined) throw new Error('Nobody authenticates service keys.');
    return this.authenticator.authenticate(presented, origin);
  }
}
