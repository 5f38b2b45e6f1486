import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../api/people.js';
import { CopyButton } from '../components/copy.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { useTitle } from '../components/use-title.js';
import { useUser } from '../session/use-session.js';
import { DangerSection, PasswordSection } from './account-changes.js';
import { EmailVerification } from './account-email.js';
import { SessionsSection } from './account-sessions.js';

/** What somebody may see and change of their own. People of another provider keep their account there. */
export function AccountPage() {
  useTitle('Your account');
  const { data, error } = useQuery(meQuery);
  // What a provider has told of its people is known to the session alone.
  const user = useUser();
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Your account</h1>
          <p className="soft">Who you are here, where you are signed in, and how to leave.</p>
        </div>
      </div>
      {data === undefined &&
        (error === null ? <Skeleton rows={5} label="Loading your account" /> : <LoadProblem error={error} />)}
      {data !== undefined && (
        <div className="panels">
          <section className="panel" aria-labelledby="profile">
            <div className="panel-head">
              <h2 id="profile">Profile</h2>
            </div>
            <dl className="facts">
              {user?.name && (
                <div>
                  <dt>Name</dt>
                  <dd>{user.name}</dd>
                </div>
              )}
              <div>
                <dt>Email</dt>
                <dd>
                  {data.email ?? user?.email ?? 'Your provider tells none'}
                  {data.emailVerified !== undefined && (
                    <EmailVerification isVerified={data.emailVerified} email={data.email} />
                  )}
                </dd>
              </div>
              {user?.issuer !== undefined && (
                <div>
                  <dt>Signed in with</dt>
                  <dd>
                    {user.issuer}
                    <p className="hint">
                      Your password, your sessions and the account itself are kept there.
                    </p>
                  </dd>
                </div>
              )}
              <div>
                <dt>Your id</dt>
                <dd>
                  <code className="mono break">{data.id}</code>
                  <CopyButton read={() => data.id} label="Copy id" />
                  <p className="hint">
                    Give it to whoever is to share an application with you. It is no secret.
                  </p>
                </dd>
              </div>
            </dl>
          </section>
          {data.email !== null && (
            <>
              <SessionsSection />
              <PasswordSection />
              <DangerSection email={data.email} />
            </>
          )}
        </div>
      )}
    </>
  );
}
