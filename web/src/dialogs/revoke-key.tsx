import { client, type ApiKey } from '../api/client.js';
import { readKeysAgain } from '../api/key-queries.js';
import { unwrap } from '../api/problem.js';
import { keepKey } from '../api/queries.js';
import { ConfirmByName } from '../components/confirm-name.js';
import { RelativeTime } from '../components/time.js';
import { say } from '../components/toast.js';

export function RevokeKeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  async function revoke(): Promise<void> {
    const params = { path: { id: apiKey.id } };
    unwrap(await client.DELETE('/apikey/{id}', { params }));
    keepKey({ ...apiKey, status: 'revoked', revokedAt: new Date().toISOString() });
    onClose();
    say(`${apiKey.name} is revoked. No service accepts it any more.`);
    await readKeysAgain(apiKey.applicationId);
  }

  return (
    <ConfirmByName title="Revoke key" name={apiKey.name} action="Revoke key" work={revoke} onClose={onClose}>
      <p>
        <strong>{apiKey.name}</strong> <code className="soft">{apiKey.hint}</code> stops working at once, for
        good. To stop it for a while, disable it.
      </p>
      <div className={apiKey.lastUsedAt === null ? 'notice' : 'notice danger'}>
        <p>
          {apiKey.lastUsedAt === null ? (
            'It has never been used.'
          ) : (
            <>
              It was last used <RelativeTime time={apiKey.lastUsedAt} />. Whoever uses it will be refused.
            </>
          )}
        </p>
      </div>
    </ConfirmByName>
  );
}
