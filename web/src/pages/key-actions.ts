import { client, type ApiKey } from '../api/client.js';
import { readKeysAgain } from '../api/key-queries.js';
import { ProblemError, unwrap } from '../api/problem.js';
import { keepKey } from '../api/queries.js';
import { say, warn } from '../components/toast.js';

/** Says that it works, and then what holds: it is not shown before the service has said so. */
export async function setEnabled(apiKey: ApiKey, enabled: boolean): Promise<void> {
  say(`${enabled ? 'Enabling' : 'Disabling'} ${apiKey.name} …`);
  try {
    const params = { path: { id: apiKey.id } };
    keepKey(unwrap(await client.PATCH('/apikey/{id}', { params, body: { enabled } })));
    say(enabled ? `${apiKey.name} is enabled.` : `${apiKey.name} is disabled. No service accepts it.`);
    await readKeysAgain(apiKey.applicationId);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    warn(`${apiKey.name} is as it was. ${error.message}`);
  }
}
