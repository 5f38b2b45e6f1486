import { useState } from 'react';
import { client } from '../api/client.js';
import { unwrap } from '../api/problem.js';
import { queryClient } from '../api/queries.js';
import { sessionsQuery } from '../api/people.js';
import { Button } from '../components/button.js';
import { FormProblem, TextField } from '../components/field.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { DeleteAccountDialog } from '../dialogs/delete-account.js';
import { NewPasswordField } from './new-password-field.js';

export function PasswordSection() {
  const [currentPassword, setCurrent] = useState('');
  const [newPassword, setNew] = useState('');
  const { isBusy, problem, submit } = useSubmit(async () => {
    unwrap(await client.POST('/auth/password', { body: { currentPassword, newPassword } }));
    setCurrent('');
    setNew('');
    await queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    say('Your password is changed, and you are signed out everywhere else.');
  });
  const isWrong = problem?.code === 'wrong_password';
  return (
    <section className="panel" aria-labelledby="password">
      <div className="panel-head">
        <div>
          <h2 id="password">Password</h2>
          <p className="soft">A new one signs you out everywhere but here.</p>
        </div>
      </div>
      <form className="stack narrow" onSubmit={submit} noValidate>
        <TextField
          label="Current password"
          name="current-password"
          type="password"
          autoComplete="current-password"
          value={currentPassword}
          onChange={({ target }) => {
            setCurrent(target.value);
          }}
          error={isWrong ? 'That is not your password.' : problem?.of('currentPassword')}
        />
        <NewPasswordField
          label="New password"
          value={newPassword}
          onChange={setNew}
          error={problem?.of('newPassword')}
        />
        <FormProblem problem={isWrong ? undefined : problem} fields={['currentPassword', 'newPassword']} />
        <div>
          <Button type="submit" isBusy={isBusy} disabled={currentPassword === '' || newPassword === ''}>
            Change password
          </Button>
        </div>
      </form>
    </section>
  );
}

export function DangerSection({ email }: { email: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <section className="panel" aria-labelledby="leave">
      <div className="panel-head">
        <div>
          <h2 id="leave">Delete your account</h2>
          <p className="soft">
            You leave every application. Keys that you have issued belong to their applications and stay.
          </p>
        </div>
        <Button
          className="dangerous"
          onClick={() => {
            setOpen(true);
          }}
        >
          Delete account
        </Button>
      </div>
      {isOpen && (
        <DeleteAccountDialog
          email={email}
          onClose={() => {
            setOpen(false);
          }}
        />
      )}
    </section>
  );
}
