import { randomUUID } from 'node:crypto';
import request from 'supertest';

/** Whatever serves: a TestApp in this process, or a ServiceProcess. */
export interface Service {
  readonly http: Parameters<typeof request>[0];
}

export interface SignedIn {
  accessToken: string;
  refreshToken: string;
  user: { id: string; email: string; name: string | null };
}

export const PASSWORD = 'a long walk in the hills';

/** A new person, registered and logged in; with `scope`, their access token has no more than that. */
export async function signIn(app: Service, options: { scope?: string } = {}): Promise<SignedIn> {
  const email = `${randomUUID()}@example.org`;
  const registered = await request(app.http).post('/auth/register').send({ email, password: PASSWORD });
  if (registered.status !== 201) throw new Error(`Register answered ${registered.status}`);
  if (options.scope === undefined) return registered.body as SignedIn;
  const { scope } = options;
  const loggedIn = await request(app.http).post('/auth/login').send({ email, password: PASSWORD, scope });
  if (loggedIn.status !== 200) throw new Error(`Login answered ${loggedIn.status}`);
  return loggedIn.body as SignedIn;
}
