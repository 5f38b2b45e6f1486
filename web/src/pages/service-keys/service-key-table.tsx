import { PauseIcon, Pencil1Icon, PlayIcon, TrashIcon, UpdateIcon } from '@radix-ui/react-icons';
import { client } from '../../api/client.js';
import { ProblemError, unwrap } from '../../api/problem.js';
import type { ServiceKey } from '../../api/service-key-queries.js';
import { StatusBadge } from '../../components/badge.js';
import { Menu, type MenuItem } from '../../components/menu.js';
import { RelativeTime } from '../../components/time.js';
import { say, warn } from '../../components/toast.js';

export type ServiceKeyAction = 'edit' | 'rotate' | 'revoke';

interface Actions {
  onAction: (action: ServiceKeyAction, key: ServiceKey) => void;
  onChanged: () => void;
}

export function ServiceKeyTable({ keys, ...actions }: { keys: readonly ServiceKey[] } & Actions) {
  return (
    <div className="table-frame">
      <table className="keys">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Scopes</th>
            <th scope="col">Status</th>
            <th scope="col">Last used</th>
            <th scope="col">Expires</th>
            <th scope="col">Created</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id} className={key.status === 'active' ? '' : 'faded'}>
              <th scope="row">
                <span className="key-name">{key.name}</span>
                <code className="hint-code">{key.hint}</code>
              </th>
              <td data-label="Scopes">
                <span className="scope-list whole">
                  {key.scopes.map((scope) => (
                    <code key={scope} className="scope truncate">
                      {scope}
                    </code>
                  ))}
                </span>
              </td>
              <td data-label="Status">
                <StatusBadge status={key.status} />
              </td>
              <td data-label="Last used">
                {key.lastUsedAt === null ? (
                  <span className="soft">Never</span>
                ) : (
                  <span>
                    <RelativeTime time={key.lastUsedAt} />
                    {key.lastUsedFrom !== null && <span className="soft by">from {key.lastUsedFrom}</span>}
                  </span>
                )}
              </td>
              <td data-label="Expires">
                {key.expiresAt === null ? (
                  <span className="soft">Never</span>
                ) : (
                  <RelativeTime time={key.expiresAt} />
                )}
              </td>
              <td data-label="Created">
                <RelativeTime time={key.createdAt} />
              </td>
              <td className="actions">
                {key.status !== 'revoked' && (
                  <Menu label={`Actions for ${key.name}`} items={itemsOf(key, actions)} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function itemsOf(key: ServiceKey, { onAction, onChanged }: Actions): MenuItem[] {
  const act = (action: ServiceKeyAction) => () => {
    onAction(action, key);
  };
  const isDisabled = key.status === 'disabled';
  return [
    { label: 'Edit', icon: <Pencil1Icon aria-hidden="true" />, onSelect: act('edit') },
    { label: 'Rotate', icon: <UpdateIcon aria-hidden="true" />, onSelect: act('rotate') },
    {
      label: isDisabled ? 'Enable' : 'Disable',
      icon: isDisabled ? <PlayIcon aria-hidden="true" /> : <PauseIcon aria-hidden="true" />,
      onSelect: () => void setEnabled(key, isDisabled).then(onChanged),
    },
    { label: 'Revoke', icon: <TrashIcon aria-hidden="true" />, isDangerous: true, onSelect: act('revoke') },
  ];
}

async function setEnabled({ id, applicationId, name }: ServiceKey, enabled: boolean): Promise<void> {
  try {
    const params = { path: { id: applicationId, keyId: id } };
    unwrap(await client.PATCH('/applications/{id}/service-keys/{keyId}', { params, body: { enabled } }));
    say(`${name} is ${enabled ? 'enabled' : 'disabled'}.`);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    warn(`${name} is as it was. ${error.message}`);
  }
}
