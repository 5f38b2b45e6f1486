import { useState } from 'react';
import { client } from '../api/client.js';
import { unwrap } from '../api/problem.js';
import { queryClient } from '../api/queries.js';
import { webhooksQuery, type Webhook } from '../api/webhooks.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, Select } from '../components/field.js';
import { useSubmit } from '../components/use-submit.js';
import { ShownSecret } from './secret.js';

const OVERLAPS: readonly [seconds: number, label: string][] = [
  [0, 'Not at all: it stops now'],
  [3600, 'For 1 hour'],
  [86_400, 'For 24 hours'],
  [604_800, 'For 7 days'],
];

export function RotateWebhookDialog({
  webhook,
  onRotated,
  onClose,
}: {
  webhook: Webhook;
  onRotated: (secret: ShownSecret) => void;
  onClose: () => void;
}) {
  const [overlapSeconds, setOverlap] = useState(86_400);
  const { isBusy, problem, submit } = useSubmit(async () => {
    const params = { path: { id: webhook.applicationId, webhookId: webhook.id } };
    const answer = await client.POST('/applications/{id}/webhooks/{webhookId}/rotate', {
      params,
      body: { overlapSeconds },
    });
    onRotated(new ShownSecret(unwrap(answer).secret));
    await queryClient.invalidateQueries({
      queryKey: webhooksQuery(webhook.applicationId).queryKey,
      exact: true,
    });
  });

  return (
    <Dialog title="Rotate secret" onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <div className="stack dialog-body">
          <p>The webhook gets a new secret. Until the old one ends, every event is signed with both.</p>
          <Select
            label="The old secret goes on signing"
            value={overlapSeconds}
            onChange={({ target }) => {
              setOverlap(Number(target.value));
            }}
            error={problem?.of('overlapSeconds')}
          >
            {OVERLAPS.map(([seconds, label]) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </Select>
          <FormProblem problem={problem} fields={['overlapSeconds']} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            Rotate secret
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
