import { PauseIcon, PlayIcon, TrashIcon, UpdateIcon } from '@radix-ui/react-icons';
import { memo } from 'react';
import { client, type ApiKey } from '../api/client.js';
import { ProblemError, unwrap } from '../api/problem.js';
import { keepKey } from '../api/queries.js';
import { EnvironmentBadge, StatusBadge } from '../components/badge.js';
import { LeakedBadge, LeakedNotice } from '../components/leaked.js';
import { Menu, type MenuItem } from '../components/menu.js';
import { RelativeTime } from '../components/time.js';
import { say } from '../components/toast.js';
import { useUser } from '../session/use-session.js';

/** Scopes that a row has room for. */
const SCOPES_SHOWN = 2;

type OnAction = (dialog: 'rotate' | 'revoke', apiKey: ApiKey) => void;

export function KeyTable({ keys, onAction }: { keys: readonly ApiKey[]; onAction: OnAction }) {
  const user = useUser();
  // What is revoked already asks nothing of anybody.
  const leaked = keys.filter(({ leakedAt, status }) => leakedAt !== null && status !== 'revoked');
  return (
    <div className="table-frame">
      {leaked.map((key) => (
        <LeakedNotice key={key.id} apiKey={key} />
      ))}
      <table className="keys">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Environment</th>
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
            <KeyRow key={key.id} apiKey={key} isMine={key.createdBy === user?.id} onAction={onAction} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const KeyRow = memo(function KeyRow({
  apiKey,
  isMine,
  onAction,
}: {
  apiKey: ApiKey;
  isMine: boolean;
  onAction: OnAction;
}) {
  const { name, hint, environment, scopes, status, lastUsedAt, expiresAt, createdAt, createdBy, leakedAt } =
    apiKey;
  const items = actionsOn(apiKey, onAction);
  return (
    <tr className={status === 'active' ? '' : 'faded'}>
      <th scope="row">
        <span className="key-name">{name}</span>
        <code className="hint-code">{hint}</code>
      </th>
      <td data-label="Environment">
        <EnvironmentBadge environment={environment} />
      </td>
      <td data-label="Scopes">
        {scopes.length === 0 ? (
          <span className="soft">None</span>
        ) : (
          <span className="scope-list" title={scopes.join('\n')}>
            {scopes.slice(0, SCOPES_SHOWN).map((scope) => (
              <code key={scope} className="scope truncate">
                {scope}
              </code>
            ))}
            {scopes.length > SCOPES_SHOWN && (
              <span className="soft small">+{scopes.length - SCOPES_SHOWN}</span>
            )}
          </span>
        )}
      </td>
      <td data-label="Status">
        <StatusBadge status={status} /> <LeakedBadge leakedAt={leakedAt} />
      </td>
      <td data-label="Last used" className="nowrap">
        {lastUsedAt === null ? <span className="soft">Never</span> : <RelativeTime time={lastUsedAt} />}
      </td>
      <td data-label="Expires" className="nowrap">
        {expiresAt === null ? <span className="soft">Never</span> : <RelativeTime time={expiresAt} />}
      </td>
      <td data-label="Created" className="nowrap">
        <span>
          <RelativeTime time={createdAt} />
          <span className="soft by" title={createdBy}>
            {isMine ? ' by you' : ` by ${createdBy.slice(-6)}`}
          </span>
        </span>
      </td>
      <td className="actions">{items.length > 0 && <Menu label={`Actions for ${name}`} items={items} />}</td>
    </tr>
  );
});

/** A revoked key stays as it is. */
function actionsOn(apiKey: ApiKey, onAction: OnAction): MenuItem[] {
  const { status } = apiKey;
  if (status === 'revoked') return [];
  const isDisabled = status === 'disabled';
  const rotate: MenuItem = {
    label: 'Rotate …',
    icon: <UpdateIcon aria-hidden="true" />,
    onSelect: () => {
      onAction('rotate', apiKey);
    },
  };
  return [
    ...(status === 'expired' ? [] : [rotate]),
    {
      label: isDisabled ? 'Enable' : 'Disable',
      icon: isDisabled ? <PlayIcon aria-hidden="true" /> : <PauseIcon aria-hidden="true" />,
      onSelect: () => void setEnabled(apiKey, isDisabled),
    },
    {
      label: 'Revoke …',
      icon: <TrashIcon aria-hidden="true" />,
      isDangerous: true,
      onSelect: () => {
        onAction('revoke', apiKey);
      },
    },
  ];
}

/** Says that it works, and then what holds: it is not shown before the service has said so. */
async function setEnabled(apiKey: ApiKey, enabled: boolean): Promise<void> {
  say(`${enabled ? 'Enabling' : 'Disabling'} ${apiKey.name} …`);
  try {
    const params = { path: { id: apiKey.id } };
    keepKey(unwrap(await client.PATCH('/apikey/{id}', { params, body: { enabled } })));
    say(enabled ? `${apiKey.name} is enabled.` : `${apiKey.name} is disabled. No service accepts it.`);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    say(`${apiKey.name} is as it was. ${error.message}`);
  }
}
