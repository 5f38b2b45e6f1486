import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { unwrap } from '../api/problem.js';
import { publicClient } from '../api/public-client.js';
import { Button } from '../components/button.js';
import { FormProblem, TextField } from '../components/field.js';
import { useSubmit } from '../components/use-submit.js';
import { useTitle } from '../components/use-title.js';
import { settingsQuery } from '../session/settings.js';
import { Entrance } from './entrance.js';

/** Asks for a mail with a link. What comes back never tells whether there is an account. */
export function ForgotPasswordPage() {
  useTitle('Forgotten password');
  const [email, setEmail] = useState('');
  const [sentTo, setSentTo] = useState<string>();
  const { data: settings, error } = useQuery(settingsQuery);
  const { isBusy, problem, submit } = useSubmit(async () => {
    const address = email.trim();
    unwrap(await publicClient.POST('/auth/password/forgot', { body: { email: address } }));
    setSentTo(address);
  });
  return (
    <Entrance>
      <h1>Forgotten your password?</h1>
      <div role="status">
        {sentTo !== undefined && (
          <p className="notice">
            <span>
              If <strong>{sentTo}</strong> has an account here, a mail with a link is on its way. It works
              once and for 24 hours.
            </span>
          </p>
        )}
      </div>
      {settings?.mails === false && (
        <>
          <p className="soft">
            This service sends no mails. Ask whoever runs it to make a token for you, with which you set a new
            password once within 24 hours:
          </p>
          <div className="command-line">
            <pre tabIndex={0}>npm run account -- reset you@example.com</pre>
          </div>
          <p className="soft">
            Then open <code>{location.origin}/dashboard/link#reset=</code> with the token behind it.
          </p>
        </>
      )}
      {(settings?.mails === true || error !== null) && sentTo === undefined && (
        <>
          <p className="soft">We send you a link with which to set a new one.</p>
          <form className="stack" onSubmit={submit} noValidate>
            <TextField
              label="Email"
              name="email"
              type="email"
              autoComplete="username"
              autoFocus
              value={email}
              onChange={({ target }) => {
                setEmail(target.value);
              }}
              error={problem?.of('email')}
            />
            <FormProblem problem={problem} fields={['email']} />
            <Button type="submit" kind="primary" className="block" isBusy={isBusy}>
              Send the link
            </Button>
          </form>
        </>
      )}
      <p className="small">
        <Link to="/sign-in">Back to the sign-in page</Link>
      </p>
    </Entrance>
  );
}
