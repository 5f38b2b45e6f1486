import { Link, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useState, type ReactNode } from 'react';
import { publicClient } from '../api/public-client.js';
import { unwrap } from '../api/problem.js';
import { Button } from '../components/button.js';
import { FormProblem, TextField } from '../components/field.js';
import { useSubmit } from '../components/use-submit.js';
import { useTitle } from '../components/use-title.js';
import { readLink, type OneTimeLink } from '../session/one-time-link.js';
import { session } from '../session/session.js';
import { Entrance } from './entrance.js';
import { NewPasswordField } from './new-password-field.js';

/** Where invitations, new passwords and the verification of emails lead. */
export function LinkPage() {
  const hash = useLocation({ select: (location) => location.hash });
  const navigate = useNavigate();
  const [link, setLink] = useState(() => readLink(hash));
  useEffect(() => {
    if (hash === '') return;
    setLink(readLink(hash));
    // A token has no place in the history of a browser, nor in what is seen over a shoulder.
    void navigate({ to: '/link', hash: '', replace: true });
  }, [hash, navigate]);
  return (
    <Entrance>
      {link === undefined && hash === '' && <NoLink />}
      {link?.kind === 'invitation' && <AcceptInvitation key={link.token} link={link} />}
      {link?.kind === 'reset' && <ResetPassword key={link.token} link={link} />}
      {link?.kind === 'verify' && <VerifyEmail key={link.token} link={link} />}
    </Entrance>
  );
}

function NoLink() {
  useTitle('Link');
  return (
    <>
      <h1>This link is not whole</h1>
      <p className="soft">
        Open it as it is in the message that you have received, to its last character. A link works once and
        for 24 hours.
      </p>
      <Link to="/sign-in" className="button primary">
        To the sign-in page
      </Link>
    </>
  );
}

function AcceptInvitation({ link }: { link: OneTimeLink }) {
  useTitle('Accept your invitation');
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { isBusy, problem, submit } = useSubmit(async () => {
    const details = { email: email.trim(), password, invitation: link.token };
    await session.register({ ...details, ...(name.trim() !== '' && { name: name.trim() }) });
    await navigate({ to: '/', replace: true });
  });
  return (
    <>
      <h1>You are invited</h1>
      <p className="soft">Create your account, and you are in.</p>
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
          hint="The one that the invitation was sent to."
        />
        <TextField
          label="Name (optional)"
          name="name"
          autoComplete="name"
          value={name}
          onChange={({ target }) => {
            setName(target.value);
          }}
          error={problem?.of('name')}
        />
        <NewPasswordField
          label="Password"
          value={password}
          onChange={setPassword}
          error={problem?.of('password')}
        />
        {problem?.code === 'invalid_one_time_token' ? (
          <p className="notice danger" role="alert">
            The invitation is not for this email, or it was used or is older than 24 hours. Check the email,
            or ask for another invitation.
          </p>
        ) : (
          <FormProblem problem={problem} fields={['email', 'name', 'password']} />
        )}
        <Button type="submit" kind="primary" className="block" isBusy={isBusy}>
          Create account
        </Button>
      </form>
    </>
  );
}

function ResetPassword({ link }: { link: OneTimeLink }) {
  useTitle('Set a new password');
  const [password, setPassword] = useState('');
  const [isDone, setDone] = useState(false);
  const { isBusy, problem, submit } = useSubmit(async () => {
    unwrap(await publicClient.POST('/auth/password/reset', { body: { token: link.token, password } }));
    // It has ended every session of the account, perhaps that of this browser among them.
    setDone(true);
  });
  if (isDone) {
    return (
      <Done title="Your password is set">
        Whoever was signed in to your account has been signed out. Sign in with the new password.
      </Done>
    );
  }
  return (
    <>
      <h1>Set a new password</h1>
      <p className="soft">Everybody who is signed in to your account will be signed out.</p>
      <form className="stack" onSubmit={submit} noValidate>
        <NewPasswordField
          label="New password"
          value={password}
          onChange={setPassword}
          error={problem?.of('password')}
          autoFocus
        />
        {problem?.code === 'invalid_one_time_token' ? (
          <Spent>
            <Link to="/forgot-password">Ask for another one.</Link>
          </Spent>
        ) : (
          <FormProblem problem={problem} fields={['password']} />
        )}
        <Button type="submit" kind="primary" className="block" isBusy={isBusy}>
          Set password
        </Button>
      </form>
    </>
  );
}

function VerifyEmail({ link }: { link: OneTimeLink }) {
  useTitle('Verify your email');
  const [isDone, setDone] = useState(false);
  const { isBusy, problem, submit } = useSubmit(async () => {
    unwrap(await publicClient.POST('/auth/email/verify', { body: { token: link.token } }));
    setDone(true);
  });
  if (isDone) return <Done title="Your email is verified">Thank you. There is nothing else to do.</Done>;
  return (
    <>
      <h1>Is this your email?</h1>
      <p className="soft">Confirm that the message with this link has reached you.</p>
      <form className="stack" onSubmit={submit}>
        {problem?.code === 'invalid_one_time_token' ? (
          <Spent>
            <Link to="/account">Ask for another one</Link> on the page of your account.
          </Spent>
        ) : (
          <FormProblem problem={problem} />
        )}
        {/* Not by itself: programs that look through mails open the links in them. */}
        <Button type="submit" kind="primary" className="block" isBusy={isBusy}>
          Yes, it is mine
        </Button>
      </form>
    </>
  );
}

function Done({ title, children }: { title: string; children: string }) {
  return (
    <>
      <h1>{title}</h1>
      <p className="soft" role="status">
        {children}
      </p>
      <Link to="/" className="button primary block">
        Go on
      </Link>
    </>
  );
}

function Spent({ children }: { children: ReactNode }) {
  return (
    <p className="notice danger" role="alert">
      <span>This link was used already, or it is older than 24 hours. {children}</span>
    </p>
  );
}
