import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Button } from '../components/button.js';
import { FormProblem, TextField } from '../components/field.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { useSubmit } from '../components/use-submit.js';
import { useTitle } from '../components/use-title.js';
import { session, type Ending } from '../session/session.js';
import { settingsQuery } from '../session/settings.js';
import { useSession } from '../session/use-session.js';
import { Entrance } from './entrance.js';
import { ProviderButton } from './provider-button.js';

const ENDINGS: Readonly<Record<Ending, string>> = {
  ended: 'Your session has ended. Sign in again to return to where you were.',
  'signed-out': 'You are signed out.',
  deleted: 'Your account is deleted.',
};

const route = getRouteApi('/sign-in');

const FIELDS = ['email', 'password', 'name'];

export function SignInPage() {
  const { from } = route.useSearch();
  const { data, error } = useQuery(settingsQuery);
  const [isNew, setNew] = useState(false);
  const state = useSession();
  const because = state.status === 'signed-out' ? state.because : undefined;
  useTitle(isNew ? 'Create your account' : 'Sign in');
  return (
    <Entrance>
      <h1>{isNew ? 'Create your account' : 'Sign in'}</h1>
      <p className="soft">
        {isNew
          ? 'You will have your first API key in a minute.'
          : 'Manage the API keys of your applications.'}
      </p>
      <div role="status">{because !== undefined && <p className="notice">{ENDINGS[because]}</p>}</div>
      {data === undefined &&
        (error === null ? <Skeleton rows={3} label="Loading the form" /> : <LoadProblem error={error} />)}
      {data?.provider && !isNew && (
        <>
          <ProviderButton provider={data.provider} from={from} isOnly={data.accounts === 'off'} />
          {data.accounts !== 'off' && <p className="soft small or">or with an account of this service</p>}
        </>
      )}
      {data !== undefined && data.accounts !== 'off' && <CredentialsForm key={String(isNew)} isNew={isNew} />}
      {data?.accounts === 'open' && (
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
      )}
      {data?.accounts === 'invite' && (
        <p className="soft small">
          New here? Accounts are by invitation: open the link of yours, or ask whoever runs this service.
        </p>
      )}
      {data?.accounts === 'off' && data.provider === null && (
        <p className="notice">
          There are no accounts here, and no other way to sign in to this page. Ask whoever runs this service.
        </p>
      )}
    </Entrance>
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
      {!isNew && (
        <p className="small">
          <Link to="/forgot-password">Forgotten your password?</Link>
        </p>
      )}
    </form>
  );
}
