import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { client, type Application } from '../api/client.js';
import { membersQuery, offersQuery, type Member } from '../api/people.js';
import { unwrap } from '../api/problem.js';
import { applicationQuery, applicationsQuery, queryClient } from '../api/queries.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem } from '../components/field.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';

/** Takes somebody out, or lets them leave; with the keys that they have made, if that is wanted. */
export function RemoveMemberDialog({
  application: { id, name },
  member: { subject, issuer, role, email },
  isMe,
  onClose,
}: {
  application: Application;
  member: Member;
  isMe: boolean;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const [revokeKeys, setRevokeKeys] = useState(false);
  const { isBusy, problem, submit } = useSubmit(async () => {
    const removed = unwrap(
      await client.DELETE('/applications/{id}/members/{subject}', {
        params: {
          path: { id, subject },
          query: { ...(issuer !== undefined && { issuer }), ...(revokeKeys && { revokeKeys }) },
        },
      }),
    );
    const count = removed?.revokedKeys ?? 0;
    const keys = revokeKeys ? ` ${count === 1 ? '1 key is' : `${count} keys are`} revoked.` : '';
    if (isMe) {
      await navigate({ to: '/' });
      queryClient.removeQueries({ queryKey: applicationQuery(id).queryKey });
      await queryClient.invalidateQueries({ queryKey: applicationsQuery.queryKey, exact: true });
      say(`You have left ${name}.${keys}`);
      return;
    }
    await Promise.all(
      [membersQuery(id), offersQuery(id)].map(({ queryKey }) => queryClient.invalidateQueries({ queryKey })),
    );
    if (revokeKeys) await queryClient.invalidateQueries({ queryKey: ['keys', id] });
    onClose();
    say(`They are no member of ${name} any more.${keys}`);
  });
  return (
    <Dialog title={isMe ? `Leave ${name}` : 'Remove member'} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <div className="stack dialog-body">
          {isMe ? (
            <p>You will have no part in {name} any more, unless somebody offers you one again.</p>
          ) : (
            <p>
              {email === undefined ? (
                <code className="mono break">{subject}</code>
              ) : (
                <strong className="break" title={subject}>
                  {email}
                </strong>
              )}{' '}
              will have no part in <strong>{name}</strong> any more.
            </p>
          )}
          {role !== 'viewer' && (
            <>
              <label className="check">
                <input
                  type="checkbox"
                  checked={revokeKeys}
                  onChange={({ target }) => {
                    setRevokeKeys(target.checked);
                  }}
                />
                Revoke the keys that {isMe ? 'I have' : 'they have'} made
              </label>
              <p className={revokeKeys ? 'notice danger' : 'notice'}>
                {revokeKeys
                  ? 'Each of these keys, service keys among them, stops working at once and for good, wherever it is used.'
                  : 'These keys go on working: they belong to the application.'}
              </p>
            </>
          )}
          <FormProblem problem={problem} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="danger" isBusy={isBusy}>
            {isMe ? 'Leave' : 'Remove'}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
