import { CheckCircledIcon, LockClosedIcon } from '@radix-ui/react-icons';
import { useState } from 'react';
import { Button } from '../components/button.js';
import { FormProblem, TextField } from '../components/field.js';
import { Logo } from '../components/logo.js';
import { useSubmit } from '../components/use-submit.js';
import { session, type Ending } from '../session/session.js';
import { useSession } from '../session/use-session.js';

const ENDINGS: Readonly<Record<Ending, string>> = {
  ended: 'Your session has ended. Sign in again to return to where you were.',
  'signed-out': 'You are signed out.',
};

const FIELDS = ['email', 'password', 'name'];

export function SignInPage() {
  const [isNew, setNew] = useState(false);
  const state = useSession();
  const because = state.status === 'signed-out' ? state.because : undefined;
  return (
    <div className="sign-in">
      <main>
        <Logo />
        <div className="sign-in-form">
          <h1>{isNew ? 'Create your account' : 'Sign in'}</h1>
          <p className="soft">
            {isNew
              ? 'You will have your first API key in a minute.'
              : 'Manage the API keys of your applications.'}
          </p>
          <div role="status">{because !== undefined && <p className="notice">{ENDINGS[because]}</p>}</div>
          <CredentialsForm key={String(isNew)} isNew={isNew} />
          <p className="soft small">
            {isNew ? 'You have an account? ' : 'New here? '}
            <button
              type="button"
              className="link"
              onClick={() => {
                setNew(!isNew);
              }}
            >
              {isNew ? 'Sign in' : 'Create an account'}
            </button>
          </p>
          {!isSecureContext && (
            <p className="notice warn">
              This page came over plain HTTP, so you will be signed out when you leave it. Serve it over
              HTTPS.
            </p>
          )}
        </div>
      </main>
      <Showcase />
    </div>
  );
}

/** The router leads on once somebody is signed in. */
function CredentialsForm({ isNew }: { isNew: boolean }) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { isBusy, problem, submit } = useSubmit(async () => {
    const credentials = { email: email.trim(), password };
    if (!isNew) await session.signIn(credentials);
    else await session.register({ ...credentials, ...(name.trim() !== '' && { name: name.trim() }) });
  });

  return (
    <form className="stack" onSubmit={submit} noValidate>
      {isNew && (
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
      )}
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
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete={isNew ? 'new-password' : 'current-password'}
        value={password}
        onChange={({ target }) => {
          setPassword(target.value);
        }}
        error={problem?.of('password')}
        hint={
          isNew ? 'At least 8 characters. A few words are easy to remember and hard to guess.' : undefined
        }
      />
      <FormProblem problem={problem} fields={FIELDS} />
      <Button type="submit" kind="primary" className="block" isBusy={isBusy}>
        {isNew ? 'Create account' : 'Sign in'}
      </Button>
    </form>
  );
}

/** What the service is about, at one sight, for whoever has room for it. */
function Showcase() {
  return (
    <aside className="showcase" aria-label="What Upblit does">
      <div className="showcase-inner">
        <p className="showcase-title">Keys your customers can trust, and you can take back.</p>
        <div className="specimen">
          <p className="specimen-bar">
            <LockClosedIcon aria-hidden="true" />
            <span>POST /apikey/verify</span>
          </p>
          <pre>
            <span className="soft">{'{ '}</span>&quot;key&quot;
            <span className="soft">: </span>
            <b>&quot;upblit_live_9fK…a1B2&quot;</b>
            <span className="soft">{' }'}</span>
            {'\n\n'}
            <span className="soft">{'{ '}</span>&quot;valid&quot;<span className="soft">: </span>
            <em>true</em>
            <span className="soft">,</span>
            {'\n  '}&quot;code&quot;<span className="soft">: </span>
            <em>&quot;VALID&quot;</em>
            <span className="soft">,</span>
            {'\n  '}&quot;scopes&quot;<span className="soft">: [</span>
            <b>&quot;orders:read&quot;</b>
            <span className="soft">{'] }'}</span>
          </pre>
        </div>
        <ul>
          {[
            'Revoked means revoked, on every node, once it says so.',
            'Only a keyed hash is stored: a stolen database holds no key.',
            'Scopes, expiry, rate limits and credits, for each key.',
          ].map((text) => (
            <li key={text}>
              <CheckCircledIcon aria-hidden="true" />
              {text}
            </li>
          ))}
        </ul>
      </div>
    </aside>
  );
}
