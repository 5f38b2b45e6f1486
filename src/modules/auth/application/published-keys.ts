import { Injectable } from '@nestjs/common';
import type { PublicJwk } from '../../../shared/public-jwk.js';

/** Other modules that sign something have their public keys published beside those of the access tokens. */
@Injectable()
export class PublishedKeys {
  private readonly published: PublicJwk[] = [];

  publish(keys: readonly PublicJwk[]): void {
    this.published.push(...keys);
  }

  get all(): readonly PublicJwk[] {
    return this.published;
  }
}
