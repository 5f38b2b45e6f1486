import {
  ChevronLeftIcon,
  ChevronRightIcon,
  LockClosedIcon,
  MagnifyingGlassIcon,
  PlusIcon,
  UploadIcon,
} from '@radix-ui/react-icons';
import { usePrefetchQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useDeferredValue, useMemo, useState } from 'react';
import type { ApiKey, Application } from '../api/client.js';
import { usageOfKeysQuery } from '../api/key-queries.js';
import { part } from '../api/load.js';
import { policyQuery } from '../api/policy.js';
import { Button } from '../components/button.js';
import { CopyButton } from '../components/copy.js';
import { SearchBox } from '../components/search-box.js';
import { SecretDialog } from '../dialogs/secret-dialog.js';
import type { ShownSecret } from '../dialogs/secret.js';
import { KEY_SORTS, KEY_STATUSES, matching, nextSort, sorted, type KeyFilter } from './key-filter.js';
import { KeyTable } from './key-table.js';

const route = getRouteApi('/signed-in/applications/$applicationId/keys');

// What is opened is loaded when it is about to be; never the dialog that shows a secret, which would be lost without it.
const loadCreateKey = part(() => import('../dialogs/create-key.js'));
const CreateKeyDialog = lazy(async () => ({ default: (await loadCreateKey()).CreateKeyDialog }));
/** It is there when the button is pressed, and asked for again then when it could not be loaded. */
const expectCreateKey = (): void => {
  loadCreateKey().catch(() => undefined);
};
const RotateKeyDialog = lazy(async () => ({
  default: (await part(() => import('../dialogs/rotate-key.js'))()).RotateKeyDialog,
}));
const RevokeKeyDialog = lazy(async () => ({
  default: (await part(() => import('../dialogs/revoke-key.js'))()).RevokeKeyDialog,
}));
const BulkBar = lazy(async () => ({ default: (await part(() => import('./key-bulk.js'))()).BulkBar }));
const ImportKeysDialog = lazy(async () => ({
  default: (await part(() => import('../dialogs/import-keys.js'))()).ImportKeysDialog,
}));

/** Rows that are shown at once. */
const ROWS = 50;

type Open =
  | { dialog: 'create' | 'import' }
  | { dialog: 'rotate' | 'revoke'; apiKey: ApiKey }
  | { dialog: 'secret'; title: string; secret: ShownSecret };

interface Props {
  application: Application;
  keys: readonly ApiKey[];
  isLoading: boolean;
  loadMore: (() => void) | undefined;
}

export function KeysSection({ application, keys, isLoading, loadMore }: Props) {
  const [open, setOpen] = useState<Open>();
  // What a new key has to obey is there when somebody wants one.
  usePrefetchQuery(policyQuery(application.id));
  const close = (): void => {
    setOpen(undefined);
  };
  const act = useCallback((dialog: 'rotate' | 'revoke', apiKey: ApiKey) => {
    setOpen({ dialog, apiKey });
  }, []);
  const create = (
    <div className="row wrap">
      <Button
        icon={<UploadIcon aria-hidden="true" />}
        onClick={() => {
          setOpen({ dialog: 'import' });
        }}
      >
        Import
      </Button>
      <Button
        kind="primary"
        icon={<PlusIcon aria-hidden="true" />}
        onPointerEnter={expectCreateKey}
        onFocus={expectCreateKey}
        onClick={() => {
          setOpen({ dialog: 'create' });
        }}
      >
        Create key
      </Button>
    </div>
  );

  return (
    <section aria-label="Keys">
      {keys.length === 0 ? (
        <NoKeys application={application}>{create}</NoKeys>
      ) : (
        <FilteredKeys keys={keys} isLoading={isLoading} loadMore={loadMore} create={create} onAction={act} />
      )}
      <Suspense>
        {open?.dialog === 'create' && (
          <CreateKeyDialog
            application={application}
            onClose={close}
            onCreated={(secret) => {
              setOpen({ dialog: 'secret', title: 'Your new key', secret });
            }}
          />
        )}
        {open?.dialog === 'import' && <ImportKeysDialog application={application} onClose={close} />}
        {open?.dialog === 'rotate' && (
          <RotateKeyDialog
            apiKey={open.apiKey}
            onClose={close}
            onRotated={(secret) => {
              setOpen({ dialog: 'secret', title: 'The new secret', secret });
            }}
          />
        )}
        {open?.dialog === 'revoke' && <RevokeKeyDialog apiKey={open.apiKey} onClose={close} />}
      </Suspense>
      {open?.dialog === 'secret' && <SecretDialog title={open.title} secret={open.secret} onDone={close} />}
    </section>
  );
}

function FilteredKeys({
  keys,
  isLoading,
  loadMore,
  create,
  onAction,
}: Omit<Props, 'application'> & {
  create: React.ReactNode;
  onAction: (dialog: 'rotate' | 'revoke', apiKey: ApiKey) => void;
}) {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  // What is typed appears at once, and the rows as soon as they can.
  const { q, status, environment, sort, page = 1 } = useDeferredValue(filter);
  const found = useMemo(() => matching(keys, { q, environment }), [keys, q, environment]);
  const shown = useMemo(
    () => sorted(status === undefined ? found : found.filter((key) => key.status === status), sort),
    [found, status, sort],
  );
  const pages = Math.max(1, Math.ceil(shown.length / ROWS));
  const at = Math.min(page, pages);
  const first = (at - 1) * ROWS;
  const rows = useMemo(() => shown.slice(first, first + ROWS), [shown, first]);
  const ids = rows.map(({ id }) => id);
  const usage = useQuery({
    ...usageOfKeysQuery(keys[0]?.applicationId ?? '', ids),
    enabled: ids.length > 0,
  });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const select = useCallback((some: readonly string[], isSelected: boolean) => {
    setSelected((known) => {
      const next = new Set(known);
      for (const id of some) {
        if (isSelected) next.add(id);
        else next.delete(id);
      }
      return next;
    });
  }, []);
  // What is selected and filtered away meanwhile is left alone.
  const chosen = useMemo(() => shown.filter(({ id }) => selected.has(id)), [shown, selected]);

  /** Another filter begins at its first page. */
  function show(changes: KeyFilter): void {
    void navigate({ search: { ...filter, page: undefined, ...changes }, replace: !('page' in changes) });
  }

  return (
    <>
      <div className="toolbar">
        <SearchBox
          label="Search keys"
          value={filter.q ?? ''}
          onChange={(text) => {
            show({ q: text === '' ? undefined : text });
          }}
        />
        <select
          className="input narrow"
          aria-label="Environment"
          value={filter.environment ?? ''}
          onChange={({ target }) => {
            show({ environment: target.value === '' ? undefined : (target.value as ApiKey['environment']) });
          }}
        >
          <option value="">Live and test</option>
          <option value="live">Live</option>
          <option value="test">Test</option>
        </select>
        <select
          className="input narrow sort-by"
          aria-label="Sort by"
          value={filter.sort ?? ''}
          onChange={({ target }) => {
            show({ sort: KEY_SORTS.find((one) => one === target.value) });
          }}
        >
          <option value="">Newest first</option>
          <option value="-created">Oldest first</option>
          <option value="name">By name</option>
          <option value="used">Last used first</option>
          <option value="expires">Next to expire first</option>
        </select>
        <span className="spring" />
        {create}
      </div>
      <div className="segments" role="group" aria-label="Status">
        {[undefined, ...KEY_STATUSES].map((one) => (
          <button
            key={one ?? 'all'}
            type="button"
            aria-pressed={filter.status === one}
            onClick={() => {
              show({ status: one });
            }}
          >
            {one === undefined ? 'All' : one.charAt(0).toUpperCase() + one.slice(1)}
            <span className="count">
              {one === undefined ? found.length : found.filter((key) => key.status === one).length}
            </span>
          </button>
        ))}
      </div>

      {rows.length === 0 ? (
        <section className="empty">
          <span className="empty-mark">
            <MagnifyingGlassIcon aria-hidden="true" />
          </span>
          <h2>No key matches</h2>
          <p className="soft">Names, hints, scopes and tags are searched.</p>
          <Button
            onClick={() => {
              show({ q: undefined, status: undefined, environment: undefined });
            }}
          >
            Show all keys
          </Button>
        </section>
      ) : (
        <KeyTable
          keys={rows}
          usage={usage.data}
          sort={filter.sort}
          onSort={(column) => {
            show({ sort: nextSort(filter.sort, column) });
          }}
          selected={selected}
          onSelect={select}
          onAction={onAction}
        />
      )}

      <Suspense>
        {chosen.length > 0 && (
          <BulkBar
            keys={chosen}
            isAll={chosen.length === shown.length}
            all={shown.length}
            onAll={() => {
              select(
                shown.map(({ id }) => id),
                true,
              );
            }}
            onClear={() => {
              setSelected(new Set());
            }}
          />
        )}
      </Suspense>

      <div className="pager">
        <p className="soft small" role="status">
          {rows.length > 0 && `${first + 1}–${first + rows.length} of ${shown.length}`}
          {isLoading && ` · loading more, ${keys.length} so far`}
        </p>
        {loadMore !== undefined && <Button onClick={loadMore}>Load more keys</Button>}
        {pages > 1 && (
          <div className="row">
            <Button
              icon={<ChevronLeftIcon aria-hidden="true" />}
              disabled={at === 1}
              onClick={() => {
                show({ page: at === 2 ? undefined : at - 1 });
              }}
            >
              Previous
            </Button>
            <Button
              disabled={at === pages}
              onClick={() => {
                show({ page: at + 1 });
              }}
            >
              Next
              <ChevronRightIcon aria-hidden="true" />
            </Button>
          </div>
        )}
      </div>
    </>
  );
}

function NoKeys({ application, children }: { application: Application; children: React.ReactNode }) {
  const command =
    `curl -X POST "${location.origin}/apikey?ApplicationId=${application.id}" \\\n` +
    '  -H "Authorization: Bearer $TOKEN"';
  return (
    <section className="empty">
      <span className="empty-mark">
        <LockClosedIcon aria-hidden="true" />
      </span>
      <h2>No keys yet</h2>
      <p className="soft">
        Create one for each customer or service, so that you can take back one without the others.
      </p>
      {children}
      <div className="command">
        <p className="soft small">
          Or by the API, with an access token or a service key that may create keys:
        </p>
        <div className="command-line">
          <pre tabIndex={0}>{command}</pre>
          <CopyButton read={() => command} />
        </div>
      </div>
    </section>
  );
}
