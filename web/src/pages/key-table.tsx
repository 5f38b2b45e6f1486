import {
  CaretSortIcon,
  ChevronDownIcon,
  ChevronUpIcon,
  PauseIcon,
  PlayIcon,
  TrashIcon,
  UpdateIcon,
} from '@radix-ui/react-icons';
import { Link } from '@tanstack/react-router';
import { memo, type ReactNode } from 'react';
import type { ApiKey } from '../api/client.js';
import type { DailyUsage } from '../api/key-queries.js';
import { EnvironmentBadge, StatusBadge } from '../components/badge.js';
import { LeakedBadge, LeakedNotice } from '../components/leaked.js';
import { Menu, type MenuItem } from '../components/menu.js';
import { Sparkline } from '../components/sparkline.js';
import { RelativeTime } from '../components/time.js';
import { setEnabled } from './key-actions.js';
import type { KeySort, SortColumn } from './key-filter.js';
import { endOf, usePeople } from './use-people.js';

/** Scopes that a row has room for. */
const SCOPES_SHOWN = 2;

type OnAction = (dialog: 'rotate' | 'revoke', apiKey: ApiKey) => void;

interface Props {
  keys: readonly ApiKey[];
  usage: ReadonlyMap<string, DailyUsage> | undefined;
  sort: KeySort | undefined;
  onSort: (column: SortColumn) => void;
  selected: ReadonlySet<string>;
  onSelect: (ids: readonly string[], isSelected: boolean) => void;
  onAction: OnAction;
}

export function KeyTable({ keys, usage, sort, onSort, selected, onSelect, onAction }: Props) {
  const nameOf = usePeople(keys[0]?.applicationId ?? '');
  // What is revoked already asks nothing of anybody.
  const leaked = keys.filter(({ leakedAt, status }) => leakedAt !== null && status !== 'revoked');
  const isAllSelected = keys.every(({ id }) => selected.has(id));
  const head = (column: SortColumn, label: string): ReactNode => (
    <SortableHead column={column} label={label} sort={sort} onSort={onSort} />
  );
  return (
    <div className="table-frame">
      {leaked.map((key) => (
        <LeakedNotice key={key.id} apiKey={key} />
      ))}
      <table className="keys">
        <thead>
          <tr>
            <th scope="col" className="pick">
              <input
                type="checkbox"
                aria-label="Select all keys of this page"
                checked={isAllSelected}
                onChange={({ target }) => {
                  onSelect(
                    keys.map(({ id }) => id),
                    target.checked,
                  );
                }}
              />
            </th>
            {head('name', 'Name')}
            <th scope="col">Environment</th>
            <th scope="col">Scopes</th>
            {head('status', 'Status')}
            <th scope="col">30 days</th>
            {head('used', 'Last used')}
            {head('expires', 'Expires')}
            {head('created', 'Created')}
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <KeyRow
              key={key.id}
              apiKey={key}
              usage={usage === undefined ? undefined : (usage.get(key.id) ?? null)}
              maker={nameOf({ subject: key.createdBy, issuer: key.createdByIssuer }) ?? endOf(key.createdBy)}
              isSelected={selected.has(key.id)}
              onSelect={onSelect}
              onAction={onAction}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SortableHead({
  column,
  label,
  sort,
  onSort,
}: {
  column: SortColumn;
  label: string;
  sort: KeySort | undefined;
  onSort: (column: SortColumn) => void;
}) {
  const isDown = sort === column;
  const isUp = sort === `-${column}`;
  const Icon = isDown ? ChevronDownIcon : isUp ? ChevronUpIcon : CaretSortIcon;
  return (
    <th scope="col" aria-sort={isDown ? 'ascending' : isUp ? 'descending' : 'none'}>
      <button
        type="button"
        className="sort"
        onClick={() => {
          onSort(column);
        }}
      >
        {label}
        <Icon aria-hidden="true" />
      </button>
    </th>
  );
}

const KeyRow = memo(function KeyRow({
  apiKey,
  usage,
  maker,
  isSelected,
  onSelect,
  onAction,
}: {
  apiKey: ApiKey;
  /** Null without any, undefined before it is known. */
  usage: DailyUsage | null | undefined;
  /** What whoever made it is called. */
  maker: string;
  isSelected: boolean;
  onSelect: Props['onSelect'];
  onAction: OnAction;
}) {
  const { id, applicationId, name, hint, environment, scopes, status } = apiKey;
  const { lastUsedAt, expiresAt, createdAt, createdBy, leakedAt } = apiKey;
  const items = actionsOn(apiKey, onAction);
  return (
    <tr className={status === 'active' ? '' : 'faded'} aria-selected={isSelected}>
      <td className="pick">
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          checked={isSelected}
          onChange={({ target }) => {
            onSelect([id], target.checked);
          }}
        />
      </td>
      <th scope="row">
        <Link
          className="key-name"
          to="/applications/$applicationId/keys/$keyId"
          params={{ applicationId, keyId: id }}
        >
          {name}
        </Link>
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
      <td data-label="30 days" className="month">
        {usage === null ? <span className="soft">None</span> : usage && <Sparkline {...usage} />}
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
          <span className="soft by" title={`${maker} (${createdBy})`}>
            {` by ${maker}`}
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
