import {
  ChevronLeftIcon,
  ChevronRightIcon,
  LockClosedIcon,
  MagnifyingGlassIcon,
  PlusIcon,
} from '@radix-ui/react-icons';
import { getRouteApi } from '@tanstack/react-router';
import { useDeferredValue, useMemo, useState } from 'react';
import type { ApiKey, Application } from '../api/client.js';
import { Button } from '../components/button.js';
import { CopyButton } from '../components/copy.js';
import { SearchBox } from '../components/search-box.js';
import { CreateKeyDialog } from '../dialogs/create-key.js';
import { RevokeKeyDialog } from '../dialogs/revoke-key.js';
import { RotateKeyDialog } from '../dialogs/rotate-key.js';
import { SecretDialog } from '../dialogs/secret-dialog.js';
import type { ShownSecret } from '../dialogs/secret.js';
import { KEY_STATUSES, matching, type KeyFilter } from './key-filter.js';
import { KeyTable } from './key-table.js';

const route = getRouteApi('/signed-in/applications/$applicationId/keys');

/** Rows that are shown at once. */
const ROWS = 50;

type Open =
  | { dialog: 'create' }
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
  const close = (): void => {
    setOpen(undefined);
  };
  const create = (
    <Button
      kind="primary"
      icon={<PlusIcon aria-hidden="true" />}
      onClick={() => {
        setOpen({ dialog: 'create' });
      }}
    >
      Create key
    </Button>
  );

  return (
    <section aria-label="Keys">
      {keys.length === 0 ? (
        <NoKeys application={application}>{create}</NoKeys>
      ) : (
        <FilteredKeys
          keys={keys}
          isLoading={isLoading}
          loadMore={loadMore}
          create={create}
          onAction={(dialog, apiKey) => {
            setOpen({ dialog, apiKey });
          }}
        />
      )}
      {open?.dialog === 'create' && (
        <CreateKeyDialog
          application={application}
          onClose={close}
          onCreated={(secret) => {
            setOpen({ dialog: 'secret', title: 'Your new key', secret });
          }}
        />
      )}
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
  const { q, status, environment, page = 1 } = useDeferredValue(filter);
  const found = useMemo(() => matching(keys, { q, environment }), [keys, q, environment]);
  const shown = status === undefined ? found : found.filter((key) => key.status === status);
  const pages = Math.max(1, Math.ceil(shown.length / ROWS));
  const at = Math.min(page, pages);
  const first = (at - 1) * ROWS;
  const rows = shown.slice(first, first + ROWS);

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
        <KeyTable keys={rows} onAction={onAction} />
      )}

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
        <p className="soft small">Or by the API, with an access token:</p>
        <div className="command-line">
          <pre tabIndex={0}>{command}</pre>
          <CopyButton read={() => command} />
        </div>
      </div>
    </section>
  );
}
