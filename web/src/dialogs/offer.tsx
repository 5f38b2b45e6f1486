import { useState } from 'react';
import { client, type Application } from '../api/client.js';
import { membersQuery, offersQuery, type Role } from '../api/people.js';
import { unwrap } from '../api/problem.js';
import { queryClient } from '../api/queries.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, Select, TextField } from '../components/field.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { ROLE_HINT, ROLE_LABEL, ROLES } from './roles.js';

/** Offers somebody a part in an application, or the ownership of it. Both are theirs when they accept. */
export function OfferDialog({
  application: { id, name },
  kind,
  onClose,
}: {
  application: Application;
  kind: 'membership' | 'transfer';
  onClose: () => void;
}) {
  const isTransfer = kind === 'transfer';
  const [person, setPerson] = useState('');
  const [issuer, setIssuer] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const { isBusy, problem, submit } = useSubmit(async () => {
    const subject = person.trim();
    const of = issuer.trim() === '' ? {} : { issuer: issuer.trim() };
    const answer = isTransfer
      ? await client.POST('/applications/{id}/transfer', {
          params: { path: { id } },
          body: { subject, ...of },
        })
      : await client.PUT('/applications/{id}/members/{subject}', {
          params: { path: { id, subject } },
          body: { role, ...of },
        });
    const { status } = answer.response;
    unwrap(answer);
    await Promise.all([
      queryClient.invalidateQueries({ queryKey: membersQuery(id).queryKey }),
      queryClient.invalidateQueries({ queryKey: offersQuery(id).queryKey }),
    ]);
    onClose();
    say(
      status === 202
        ? 'The offer is made. They find it on their page of applications.'
        : 'They were a member, and have this role now.',
    );
  });
  return (
    <Dialog title={isTransfer ? 'Hand on ownership' : 'Add a member'} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form" noValidate>
        <div className="stack dialog-body">
          {isTransfer ? (
            <p>
              Whoever accepts becomes the owner whom <strong>{name}</strong> names, and you become an admin of
              it. Until then nothing changes.
            </p>
          ) : (
            <p>They become a member when they accept, within seven days.</p>
          )}
          <TextField
            label="Their id"
            className="mono"
            autoComplete="off"
            spellCheck={false}
            placeholder="019b76da-a800-7000-8000-000000000009"
            value={person}
            onChange={({ target }) => {
              setPerson(target.value);
            }}
            error={
              problem?.of('subject') ??
              (problem?.code === 'user_not_found' ? 'Nobody has this id here.' : undefined)
            }
            hint="They find it on their account page, and can copy it there."
          />
          {!isTransfer && (
            <Select
              label="Role"
              value={role}
              onChange={({ target }) => {
                setRole(target.value as Role);
              }}
              error={problem?.of('role')}
              hint={ROLE_HINT[role]}
            >
              {ROLES.map((one) => (
                <option key={one} value={one}>
                  {ROLE_LABEL[one]}
                </option>
              ))}
            </Select>
          )}
          <details>
            <summary>They sign in elsewhere</summary>
            <TextField
              label="Issuer of their sign-in provider"
              autoComplete="off"
              spellCheck={false}
              placeholder="https://login.example.com/"
              value={issuer}
              onChange={({ target }) => {
                setIssuer(target.value);
              }}
              error={problem?.of('issuer')}
              hint="Only for people who have no account of this service."
            />
          </details>
          <FormProblem
            problem={problem?.code === 'user_not_found' ? undefined : problem}
            fields={['subject', 'issuer', 'role']}
          />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy} disabled={person.trim() === ''}>
            {isTransfer ? 'Offer ownership' : 'Make the offer'}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
