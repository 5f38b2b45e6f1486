import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { client } from '../api/client.js';
import { meQuery } from '../api/people.js';
import { unwrap } from '../api/problem.js';
import { queryClient } from '../api/queries.js';
import { notificationsQuery, type Notifications } from '../api/webhooks.js';
import { FormProblem } from '../components/field.js';
import { LoadProblem } from '../components/loading.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { useUser } from '../session/use-session.js';

/** Whether whoever looks is mailed of the keys of an application. Of another provider's people there is no address here. */
export function MailNotifications({ applicationId }: { applicationId: string }) {
  const isLocal = useUser()?.issuer === undefined;
  const { data, error } = useQuery({ ...notificationsQuery(applicationId), enabled: isLocal });
  if (!isLocal || (data === undefined && error === null)) return null;
  return (
    <section className="mail-notifications" aria-labelledby="mails">
      <h2 id="mails">Mails to you</h2>
      {data !== undefined && <MailSwitch applicationId={applicationId} notifications={data} />}
      {data === undefined && <LoadProblem error={error} />}
    </section>
  );
}

function MailSwitch({
  applicationId,
  notifications: { mail, mailAvailable },
}: {
  applicationId: string;
  notifications: Notifications;
}) {
  const { data: me } = useQuery(meQuery);
  const { isBusy, problem, submit } = useSubmit(async () => {
    const params = { path: { id: applicationId } };
    const changed = unwrap(
      await client.PUT('/applications/{id}/notifications', { params, body: { mail: !mail } }),
    );
    queryClient.setQueryData(notificationsQuery(applicationId).queryKey, changed);
    say(changed.mail ? 'You will be mailed.' : 'You will be mailed no more.');
  });
  return (
    <>
      <label className="check">
        <input
          type="checkbox"
          checked={isBusy ? !mail : mail}
          onChange={() => {
            submit();
          }}
        />
        Mail me 14, 7 and 1 days before a key expires, and when a key has leaked
      </label>
      {!mailAvailable && (
        <p className="soft">This service sends no mails yet. You are mailed once it does.</p>
      )}
      {me?.emailVerified === false && (
        <p className="soft">
          {me.email} is not verified, and nothing is mailed there before it is:{' '}
          <Link to="/account">go to your account</Link>.
        </p>
      )}
      <FormProblem problem={problem} />
    </>
  );
}
