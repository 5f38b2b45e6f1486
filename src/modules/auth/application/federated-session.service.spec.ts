import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { JweSeal } from '../infrastructure/jwe-seal.js';
import type { Principal } from '../domain/principal.js';
import { AccessTokenReader } from './access-token-reader.js';
import { FederatedSessionService, SESSION_SECONDS } from './federated-session.service.js';
import { IdentityProvider, type ProviderTokens } from './identity-provider.js';

/** Where everybody is let in, and stays. */
class Provider extends IdentityProvider {
  givesRefreshTokens = true;
  private next = 0;

  begin(): Promise<never> {
    return Promise.reject(new Error('nobody begins here'));
  }
  finish(): Promise<ProviderTokens> {
    this.next += 1;
    const refreshToken = this.givesRefreshTokens ? `refresh ${this.next}` : null;
    return Promise.resolve({ accessToken: `access ${this.next}`, refreshToken, profile: undefined });
  }
  refresh(): Promise<ProviderTokens> {
    return this.finish();
  }
  end(): Promise<null> {
    return Promise.resolve(null);
  }
}

const ACCESS_SECONDS = 300;

describe('a login at a provider', () => {
  let clock: FakeClock;
  let provider: Provider;
  let sessions: FederatedSessionService;
  beforeEach(() => {
    clock = new FakeClock();
    provider = new Provider();
    const seal = new JweSeal([{ version: 1, key: Buffer.alloc(32, 1) }], clock);
    class Tokens extends AccessTokenReader {
      read(): ReturnType<AccessTokenReader['read']> {
        const principal = { subject: 'somebody', issuer: 'https://idp.example', scopes: new Set() };
        const expiresAt = new Date(clock.now().getTime() + ACCESS_SECONDS * 1000);
        return Promise.resolve({ principal: principal as unknown as Principal, expiresAt });
      }
    }
    sessions = new FederatedSessionService(provider, seal, new Tokens(), clock);
  });

  async function signIn(): Promise<string> {
    const seal = new JweSeal([{ version: 1, key: Buffer.alloc(32, 1) }], clock);
    const pending = await seal.close('pending-sign-in', {}, new Date(clock.now().getTime() + 1000));
    return (await sessions.finish(pending, '')).sealed;
  }
  const refresh = async (sealed: string): Promise<string> => (await sessions.refresh(sealed)).sealed;
  const ended = { code: 'invalid_refresh_token' };

  it('ends thirty days after it began, however often it is refreshed', async () => {
    let sealed = await signIn();
    for (let day = 1; day < 30; day += 1) {
      clock.advance(24 * 3600_000);
      sealed = await refresh(sealed);
    }
    clock.advance(24 * 3600_000 - 1000);
    sealed = await refresh(sealed);
    clock.advance(1000);
    await expect(refresh(sealed)).rejects.toMatchObject(ended);
    expect(SESSION_SECONDS).toBe(30 * 24 * 3600);
  });

  it('ends with its access token where there is no refresh token', async () => {
    provider.givesRefreshTokens = false;
    const sealed = await signIn();
    clock.advance(ACCESS_SECONDS * 1000 - 1000);
    await refresh(sealed);
    clock.advance(1000);
    await expect(refresh(sealed)).rejects.toMatchObject(ended);
  });
});
