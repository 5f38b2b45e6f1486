import type { AddressInfo } from 'node:net';
import type { Env } from '../config/env.js';
import type { EndOfProcess } from './end-of-process.js';
import { shutDown } from './shut-down.js';

/** Serves in this process, until its end. Returns where. */
export async function serve(env: Env, end: EndOfProcess): Promise<AddressInfo> {
  const { createApp } = await loadApp();
  const app = await createApp(env);
  end.before(() => shutDown(app, env));
  await app.listen(env.PORT, env.HOST);
  return app.getHttpServer().address() as AddressInfo;
}

/** Most of the code. */
export function loadApp(): Promise<typeof import('../app.setup.js')> {
  return import('../app.setup.js');
}
