import { useState } from 'react';
import { client, type Application } from '../api/client.js';
import { unwrap } from '../api/problem.js';
import { queryClient } from '../api/queries.js';
import { WEBHOOK_EVENTS, webhooksQuery, type Webhook, type WebhookEvent } from '../api/webhooks.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, TextField } from '../components/field.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { ShownSecret } from './secret.js';

const FIELDS = ['url', 'description', 'events', 'creditsBelow'];

/** Makes a webhook, or changes one. */
export function WebhookDialog({
  application,
  webhook,
  onCreated,
  onClose,
}: {
  application: Application;
  webhook?: Webhook;
  onCreated: (secret: ShownSecret) => void;
  onClose: () => void;
}) {
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [description, setDescription] = useState(webhook?.description ?? '');
  const [events, setEvents] = useState<readonly WebhookEvent[]>(webhook?.events ?? ['*']);
  const [creditsBelow, setCreditsBelow] = useState(String(webhook?.creditsBelow ?? 100));
  const { isBusy, problem, submit } = useSubmit(async () => {
    const body = {
      url: url.trim(),
      description: description.trim() === '' ? null : description.trim(),
      events: [...events],
      creditsBelow: Number(creditsBelow),
    };
    const { id } = application;
    if (webhook === undefined) {
      const params = { path: { id } };
      const { secret } = unwrap(await client.POST('/applications/{id}/webhooks', { params, body }));
      onCreated(new ShownSecret(secret));
    } else {
      const params = { path: { id, webhookId: webhook.id } };
      unwrap(await client.PATCH('/applications/{id}/webhooks/{webhookId}', { params, body }));
      onClose();
      say('The webhook is changed.');
    }
    await queryClient.invalidateQueries({ queryKey: webhooksQuery(id).queryKey, exact: true });
  });

  return (
    <Dialog title={webhook === undefined ? 'Add webhook' : 'Edit webhook'} onClose={onClose} isWide>
      <form onSubmit={submit} className="dialog-form">
        <div className="stack dialog-body">
          <TextField
            label="URL"
            type="url"
            required
            value={url}
            placeholder="https://hooks.example.com/upblit"
            hint="Events are posted there over HTTPS. It must lead to a public address."
            onChange={({ target }) => {
              setUrl(target.value);
            }}
            error={problem?.of('url')}
          />
          <TextField
            label="Description (optional)"
            value={description}
            maxLength={1000}
            onChange={({ target }) => {
              setDescription(target.value);
            }}
            error={problem?.of('description')}
          />
          <EventsField chosen={events} onChange={setEvents} />
          <TextField
            label="Credits are low below"
            inputMode="numeric"
            required
            value={creditsBelow}
            onChange={({ target }) => {
              setCreditsBelow(target.value);
            }}
            error={problem?.of('creditsBelow')}
          />
          <FormProblem problem={problem} fields={FIELDS.filter((field) => field !== 'events')} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy} disabled={events.length === 0}>
            {webhook === undefined ? 'Add webhook' : 'Save'}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Everything, or groups and single events. */
function EventsField({
  chosen,
  onChange,
}: {
  chosen: readonly WebhookEvent[];
  onChange: (events: readonly WebhookEvent[]) => void;
}) {
  const isAll = chosen.includes('*');
  const toggle = (event: WebhookEvent, isOn: boolean): void => {
    onChange(isOn ? [...chosen, event] : chosen.filter((one) => one !== event));
  };
  return (
    <fieldset className="webhook-events">
      <legend>Events</legend>
      <label className="check">
        <input
          type="checkbox"
          checked={isAll}
          onChange={({ target }) => {
            onChange(target.checked ? ['*'] : ['key.*']);
          }}
        />
        Everything, also what there will be later
      </label>
      {!isAll &&
        WEBHOOK_EVENTS.map(({ group, all, events }) => (
          <div key={all} role="group" aria-label={group}>
            <label className="check">
              <input
                type="checkbox"
                checked={chosen.includes(all)}
                onChange={({ target }) => {
                  const others = chosen.filter((one) => one !== all && !events.includes(one));
                  onChange(target.checked ? [...others, all] : others);
                }}
              />
              {group}: everything
            </label>
            {!chosen.includes(all) && (
              <div className="webhook-event-list">
                {events.map((event) => (
                  <label key={event} className="check small">
                    <input
                      type="checkbox"
                      checked={chosen.includes(event)}
                      onChange={({ target }) => {
                        toggle(event, target.checked);
                      }}
                    />
                    <code>{event}</code>
                  </label>
                ))}
              </div>
            )}
          </div>
        ))}
    </fieldset>
  );
}
