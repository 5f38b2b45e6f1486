import { useState } from 'react';
import { client } from '../api/client.js';
import { unwrap } from '../api/problem.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, TextField } from '../components/field.js';
import { useSubmit } from '../components/use-submit.js';
import { session } from '../session/session.js';

/** Asks for the password. Applications that would be left without an owner stand in the way, and are named. */
export function DeleteAccountDialog({ email, onClose }: { email: string; onClose: () => void }) {
  const [password, setPassword] = useState('');
  const { isBusy, problem, submit } = useSubmit(async () => {
    unwrap(await client.DELETE('/auth/me', { body: { password } }));
    session.forgetAccount();
  });
  const isWrong = problem?.code === 'wrong_password';
  return (
    <Dialog title="Delete your account" onClose={onClose}>
      <form onSubmit={submit} className="dialog-form" noValidate>
        <div className="stack dialog-body">
          <p>
            The account of <strong className="break">{email}</strong> is deleted for good, and you are signed
            out everywhere. There is no way back.
          </p>
          <p className="soft">
            Applications whose only owner you are stand in the way: hand them on or delete them first.
          </p>
          <TextField
            label="Your password"
            name="password"
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={({ target }) => {
              setPassword(target.value);
            }}
            error={isWrong ? 'That is not your password.' : problem?.of('password')}
          />
          <FormProblem problem={isWrong ? undefined : problem} fields={['password']} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="danger" isBusy={isBusy} disabled={password === ''}>
            Delete account
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
