import {
  BellIcon,
  PaperPlaneIcon,
  PauseIcon,
  Pencil1Icon,
  PlayIcon,
  PlusIcon,
  TrashIcon,
  UpdateIcon,
} from '@radix-ui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { client, type Application } from '../api/client.js';
import { ProblemError, unwrap } from '../api/problem.js';
import { queryClient } from '../api/queries.js';
import { webhooksQuery, type Webhook } from '../api/webhooks.js';
import { Button } from '../components/button.js';
import { ConfirmByName } from '../components/confirm-name.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { Menu, type MenuItem } from '../components/menu.js';
import { RelativeTime } from '../components/time.js';
import { say, warn } from '../components/toast.js';
import { useTitle } from '../components/use-title.js';
import { RotateWebhookDialog } from '../dialogs/rotate-webhook.js';
import { SecretDialog } from '../dialogs/secret-dialog.js';
import type { ShownSecret } from '../dialogs/secret.js';
import { WebhookDialog } from '../dialogs/webhook.js';
import { useApplication } from './application-context.js';
import { DeliveriesSection } from './deliveries.js';
import { MailNotifications } from './mail-notifications.js';
import { endOf, usePeople } from './use-people.js';

type Open =
  | { dialog: 'create' }
  | { dialog: 'edit' | 'rotate' | 'delete'; webhook: Webhook }
  | { dialog: 'secret'; title: string; secret: ShownSecret };

export function WebhooksPage() {
  const application = useApplication();
  const { data, error } = useQuery(webhooksQuery(application.id));
  useTitle(`Webhooks · ${application.name}`);
  if (data !== undefined) return <WebhooksSection application={application} webhooks={data} />;
  if (error === null) return <Skeleton rows={4} label="Loading the webhooks" />;
  return <LoadProblem error={error} />;
}

function WebhooksSection({
  application,
  webhooks,
}: {
  application: Application;
  webhooks: readonly Webhook[];
}) {
  const [open, setOpen] = useState<Open>();
  const [shownId, setShown] = useState<string>();
  const shown = webhooks.find(({ id }) => id === shownId) ?? webhooks[0];
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
      Add webhook
    </Button>
  );
  const showSecret = (title: string) => (secret: ShownSecret) => {
    setOpen({ dialog: 'secret', title, secret });
  };

  return (
    <>
      <section aria-label="Webhooks">
        {webhooks.length === 0 ? (
          <section className="empty">
            <span className="empty-mark">
              <BellIcon aria-hidden="true" />
            </span>
            <h2>No webhooks yet</h2>
            <p className="soft">
              Have your own systems told when a key is revoked, leaks or is about to expire, or a member
              leaves.
            </p>
            {create}
          </section>
        ) : (
          <>
            <div className="toolbar">
              <p className="soft">Signed as Standard Webhooks say; in order for each key, at least once.</p>
              <span className="spring" />
              {create}
            </div>
            <div className="table-frame">
              <table className="keys">
                <thead>
                  <tr>
                    <th scope="col">URL</th>
                    <th scope="col">Events</th>
                    <th scope="col">Status</th>
                    <th scope="col">Made</th>
                    <th scope="col">
                      <span className="visually-hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {webhooks.map((webhook) => (
                    <WebhookRow
                      key={webhook.id}
                      webhook={webhook}
                      isShown={webhook === shown}
                      onShow={() => {
                        setShown(webhook.id);
                      }}
                      onOpen={(dialog) => {
                        setOpen({ dialog, webhook });
                      }}
                    />
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </section>
      {shown !== undefined && <DeliveriesSection key={shown.id} webhook={shown} />}
      <MailNotifications applicationId={application.id} />

      {open?.dialog === 'create' && (
        <WebhookDialog
          application={application}
          onClose={close}
          onCreated={showSecret('The secret of the webhook')}
        />
      )}
      {open?.dialog === 'edit' && (
        <WebhookDialog application={application} webhook={open.webhook} onClose={close} onCreated={close} />
      )}
      {open?.dialog === 'rotate' && (
        <RotateWebhookDialog
          webhook={open.webhook}
          onClose={close}
          onRotated={showSecret('The new secret')}
        />
      )}
      {open?.dialog === 'delete' && <DeleteWebhookDialog webhook={open.webhook} onClose={close} />}
      {open?.dialog === 'secret' && (
        <SecretDialog title={open.title} secret={open.secret} of="webhook" onDone={close} />
      )}
    </>
  );
}

function WebhookRow({
  webhook,
  isShown,
  onShow,
  onOpen,
}: {
  webhook: Webhook;
  isShown: boolean;
  onShow: () => void;
  onOpen: (dialog: 'edit' | 'rotate' | 'delete') => void;
}) {
  const { url, description, events, enabled, disabledBecause, droppedEvents, createdAt } = webhook;
  const { createdBy, createdByIssuer } = webhook;
  const nameOf = usePeople(webhook.applicationId);
  const host = hostOf(url);
  return (
    <tr className={`${enabled ? '' : 'faded'} ${isShown ? 'shown' : ''}`}>
      <th scope="row">
        <button type="button" className="webhook-name" aria-pressed={isShown} onClick={onShow} title={url}>
          {host}
        </button>
        {description !== null && <span className="soft small">{description}</span>}
      </th>
      <td data-label="Events">
        <span className="scope-list" title={events.join('\n')}>
          {events.slice(0, 2).map((event) => (
            <code key={event} className="scope truncate">
              {event === '*' ? 'everything' : event}
            </code>
          ))}
          {events.length > 2 && <span className="soft small">+{events.length - 2}</span>}
        </span>
      </td>
      <td data-label="Status">
        {enabled ? (
          <span className="badge dot ok">Enabled</span>
        ) : (
          <span className="badge dot warn">{disabledBecause === 'gone' ? 'Gone (410)' : 'Disabled'}</span>
        )}
        {droppedEvents > 0 && <span className="soft small"> {droppedEvents} events dropped</span>}
      </td>
      <td data-label="Made">
        <span className="nowrap">
          <RelativeTime time={createdAt} />
        </span>
        {createdBy !== null && (
          <span className="soft small" title={createdBy}>
            {' '}
            by {nameOf({ subject: createdBy, issuer: createdByIssuer }) ?? endOf(createdBy)}
          </span>
        )}
      </td>
      <td className="actions">
        <Menu label={`Actions for ${host}`} items={actionsOn(webhook, onShow, onOpen)} />
      </td>
    </tr>
  );
}

function actionsOn(
  webhook: Webhook,
  onShow: () => void,
  onOpen: (dialog: 'edit' | 'rotate' | 'delete') => void,
): MenuItem[] {
  const { enabled } = webhook;
  const test: MenuItem = {
    label: 'Send test event',
    icon: <PaperPlaneIcon aria-hidden="true" />,
    onSelect: () => {
      onShow();
      void sendTest(webhook);
    },
  };
  return [
    ...(enabled ? [test] : []),
    {
      label: 'Edit …',
      icon: <Pencil1Icon aria-hidden="true" />,
      onSelect: () => {
        onOpen('edit');
      },
    },
    {
      label: 'Rotate secret …',
      icon: <UpdateIcon aria-hidden="true" />,
      onSelect: () => {
        onOpen('rotate');
      },
    },
    {
      label: enabled ? 'Disable' : 'Enable',
      icon: enabled ? <PauseIcon aria-hidden="true" /> : <PlayIcon aria-hidden="true" />,
      onSelect: () => void setEnabled(webhook, !enabled),
    },
    {
      label: 'Delete …',
      icon: <TrashIcon aria-hidden="true" />,
      isDangerous: true,
      onSelect: () => {
        onOpen('delete');
      },
    },
  ];
}

async function sendTest(webhook: Webhook): Promise<void> {
  await attempt(webhook, async (path) => {
    unwrap(await client.POST('/applications/{id}/webhooks/{webhookId}/test', { params: { path } }));
    say('A test event is on its way.');
  });
}

async function setEnabled(webhook: Webhook, enabled: boolean): Promise<void> {
  await attempt(webhook, async (path) => {
    unwrap(
      await client.PATCH('/applications/{id}/webhooks/{webhookId}', { params: { path }, body: { enabled } }),
    );
    say(enabled ? 'The webhook is enabled.' : 'The webhook is disabled. Nothing is sent to it.');
  });
}

async function attempt(
  { applicationId, id: webhookId }: Webhook,
  work: (path: { id: string; webhookId: string }) => Promise<void>,
): Promise<void> {
  try {
    await work({ id: applicationId, webhookId });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    warn(`That did not work. ${error.message}`);
  }
  await queryClient.invalidateQueries({ queryKey: webhooksQuery(applicationId).queryKey });
}

function DeleteWebhookDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const { applicationId, id: webhookId, url } = webhook;
  async function remove(): Promise<void> {
    const params = { path: { id: applicationId, webhookId } };
    unwrap(await client.DELETE('/applications/{id}/webhooks/{webhookId}', { params }));
    onClose();
    await queryClient.invalidateQueries({ queryKey: webhooksQuery(applicationId).queryKey, exact: true });
    say('The webhook is deleted.');
  }
  return (
    <ConfirmByName
      title="Delete webhook"
      name={hostOf(url)}
      action="Delete webhook"
      work={remove}
      onClose={onClose}
    >
      <p>Nothing more is sent to it, and what was sent cannot be looked at any more.</p>
    </ConfirmByName>
  );
}

function hostOf(url: string): string {
  return new URL(url).host;
}
