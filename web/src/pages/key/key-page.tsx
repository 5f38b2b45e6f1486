import {
  ChevronRightIcon,
  PauseIcon,
  Pencil1Icon,
  PlayIcon,
  TrashIcon,
  UpdateIcon,
} from '@radix-ui/react-icons';
import { usePrefetchQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Application } from '../../api/client.js';
import { keyQuery, type KeyDetails } from '../../api/key-queries.js';
import { policyQuery } from '../../api/policy.js';
import { applicationQuery, isGone } from '../../api/queries.js';
import { EnvironmentBadge, StatusBadge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { LeakedBadge, LeakedNotice } from '../../components/leaked.js';
import { PageProblem, Skeleton } from '../../components/loading.js';
import { Menu, type MenuItem } from '../../components/menu.js';
import { RelativeTime } from '../../components/time.js';
import { useTitle } from '../../components/use-title.js';
import { EditKeyDialog } from '../../dialogs/edit-key.js';
import { RevokeKeyDialog } from '../../dialogs/revoke-key.js';
import { RotateKeyDialog } from '../../dialogs/rotate-key.js';
import { SecretDialog } from '../../dialogs/secret-dialog.js';
import type { ShownSecret } from '../../dialogs/secret.js';
import { NoSuchApplication } from '../application.js';
import { setEnabled } from '../key-actions.js';
import { endOf, usePeople } from '../use-people.js';
import { KeyEvents } from './key-events.js';
import { KeyLimits } from './key-limits.js';
import { KeyRefusals } from './key-refusals.js';
import { KeySecrets } from './key-secrets.js';
import { KeySettings } from './key-settings.js';
import { KeyUsagePanel } from './key-usage.js';
import '../../styles/key-page.css';

const route = getRouteApi('/signed-in/applications/$applicationId/keys/$keyId');

type Open = { dialog: 'edit' | 'rotate' | 'revoke' } | { dialog: 'secret'; secret: ShownSecret };

/** Everything about one key: how it is used, what refused it, what it may do, and what became of it. */
export function KeyPage() {
  const { applicationId, keyId } = route.useParams();
  const application = useQuery(applicationQuery(applicationId));
  const key = useQuery(keyQuery(keyId));
  useTitle(key.data?.name ?? 'Key');

  if (isGone(application.error)) return <NoSuchApplication />;
  if (isGone(key.error)) return <NoSuchKey applicationId={applicationId} />;
  if (key.data === undefined || application.data === undefined) {
    const error = application.error ?? key.error;
    if (error === null) return <Skeleton rows={8} label="Loading the key" />;
    return <PageProblem title="The key could not be loaded" error={error} />;
  }
  if (key.data.applicationId !== applicationId) return <NoSuchKey applicationId={applicationId} />;
  return <FoundKey application={application.data} apiKey={key.data} />;
}

function FoundKey({ application, apiKey }: { application: Application; apiKey: KeyDetails }) {
  const nameOf = usePeople(application.id);
  const [open, setOpen] = useState<Open>();
  // What its changes have to obey is there when somebody makes one.
  usePrefetchQuery(policyQuery(application.id));
  const close = (): void => {
    setOpen(undefined);
  };
  const show = (dialog: 'edit' | 'rotate' | 'revoke') => () => {
    setOpen({ dialog });
  };
  const { id, name, hint, environment, status, createdAt, createdBy, createdByIssuer } = apiKey;
  const { lastUsedAt, lastUsedFrom } = apiKey;
  const isRevoked = status === 'revoked';
  const isDisabled = status === 'disabled';
  const items: MenuItem[] = [
    {
      label: isDisabled ? 'Enable' : 'Disable',
      icon: isDisabled ? <PlayIcon aria-hidden="true" /> : <PauseIcon aria-hidden="true" />,
      onSelect: () => void setEnabled(apiKey, isDisabled),
    },
    {
      label: 'Revoke …',
      icon: <TrashIcon aria-hidden="true" />,
      isDangerous: true,
      onSelect: show('revoke'),
    },
  ];

  return (
    <>
      <nav className="crumbs small" aria-label="You are here">
        <Link to="/">Applications</Link>
        <ChevronRightIcon aria-hidden="true" />
        <Link
          className="truncate"
          to="/applications/$applicationId/keys"
          params={{ applicationId: application.id }}
        >
          {application.name}
        </Link>
        <ChevronRightIcon aria-hidden="true" />
        <span className="truncate" aria-current="page">
          {name}
        </span>
      </nav>
      <div className="page-head key-head">
        <div>
          <h1>
            {name} <EnvironmentBadge environment={environment} /> <StatusBadge status={status} />{' '}
            <LeakedBadge leakedAt={apiKey.leakedAt} />
          </h1>
          <p className="soft small">
            <code>{hint}</code> · created <RelativeTime time={createdAt} />{' '}
            <span title={createdBy}>
              by {nameOf({ subject: createdBy, issuer: createdByIssuer }) ?? endOf(createdBy)}
            </span>{' '}
            ·{' '}
            {lastUsedAt === null ? (
              'never used'
            ) : (
              <>
                last used <RelativeTime time={lastUsedAt} />
                {lastUsedFrom !== null && (
                  <>
                    {' '}
                    from <code>{lastUsedFrom}</code>
                  </>
                )}
              </>
            )}
          </p>
        </div>
        {!isRevoked && (
          <div className="row wrap">
            <Button icon={<Pencil1Icon aria-hidden="true" />} onClick={show('edit')}>
              Edit
            </Button>
            {status !== 'expired' && (
              <Button icon={<UpdateIcon aria-hidden="true" />} onClick={show('rotate')}>
                Rotate
              </Button>
            )}
            <Menu label={`Actions for ${name}`} className="button plain icon-only" items={items} />
          </div>
        )}
      </div>

      <div className="key-panels">
        {apiKey.leakedAt !== null && (
          <div className="panel-notice">
            <LeakedNotice apiKey={apiKey} />
          </div>
        )}
        <KeyUsagePanel keyId={id} />
        <KeyRefusals keyId={id} />
        <KeySettings apiKey={apiKey} nameOf={nameOf} />
        <div className="key-column">
          <KeyLimits apiKey={apiKey} applicationId={application.id} />
          <KeySecrets apiKey={apiKey} />
        </div>
        <KeyEvents applicationId={application.id} keyId={id} />
      </div>

      {open?.dialog === 'edit' && <EditKeyDialog application={application} apiKey={apiKey} onClose={close} />}
      {open?.dialog === 'rotate' && (
        <RotateKeyDialog
          apiKey={apiKey}
          onClose={close}
          onRotated={(secret) => {
            setOpen({ dialog: 'secret', secret });
          }}
        />
      )}
      {open?.dialog === 'revoke' && <RevokeKeyDialog apiKey={apiKey} onClose={close} />}
      {open?.dialog === 'secret' && (
        <SecretDialog title="The new secret" secret={open.secret} onDone={close} />
      )}
    </>
  );
}

function NoSuchKey({ applicationId }: { applicationId: string }) {
  return (
    <section className="empty">
      <h1>There is no such key</h1>
      <p className="soft">It is of another application, or was deleted long after it had been revoked.</p>
      <Link to="/applications/$applicationId/keys" params={{ applicationId }} className="button primary">
        To the keys of the application
      </Link>
    </section>
  );
}
