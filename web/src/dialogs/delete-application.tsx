import { useNavigate } from '@tanstack/react-router';
import { client, type Application } from '../api/client.js';
import { unwrap } from '../api/problem.js';
import { applicationQuery, applicationsQuery, queryClient } from '../api/queries.js';
import { ConfirmByName } from '../components/confirm-name.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { RelativeTime } from '../components/time.js';
import { say } from '../components/toast.js';
import { useKeys } from '../pages/use-keys.js';

/** Says, before it happens, how many keys will go with it. */
export function DeleteApplicationDialog({
  application,
  onClose,
}: {
  application: Application;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  async function remove(): Promise<void> {
    unwrap(await client.DELETE('/applications/{id}', { params: { path: { id: application.id } } }));
    await navigate({ to: '/' });
    queryClient.removeQueries({ queryKey: applicationQuery(application.id).queryKey });
    queryClient.removeQueries({ queryKey: ['keys', application.id] });
    await queryClient.invalidateQueries({ queryKey: applicationsQuery.queryKey, exact: true });
    say(`${application.name} is deleted. None of its keys is valid any more.`);
  }

  return (
    <ConfirmByName
      title="Delete application"
      name={application.name}
      action="Delete application"
      work={remove}
      onClose={onClose}
    >
      <p>
        <strong>{application.name}</strong> and all its keys stop working at once, for good. There is no way
        back.
      </p>
      <KeysThatGo applicationId={application.id} />
    </ConfirmByName>
  );
}

function KeysThatGo({ applicationId }: { applicationId: string }) {
  const { keys, error, areAll } = useKeys(applicationId);
  if (keys === undefined) {
    if (error !== null) return <LoadProblem error={error} />;
    return <Skeleton rows={1} label="Counting its keys" />;
  }

  const working = keys.filter(({ status }) => status === 'active');
  const lastUsedAt = working
    .map((key) => key.lastUsedAt ?? '')
    .sort()
    .at(-1);
  return (
    <div className={working.length > 0 ? 'notice danger' : 'notice'}>
      <p>
        {!areAll && 'At least '}
        {working.length === 0
          ? 'No active key'
          : working.length === 1
            ? '1 active key'
            : `${working.length} active keys`}{' '}
        will be revoked.{' '}
        {lastUsedAt ? (
          <>
            The last use was <RelativeTime time={lastUsedAt} />.
          </>
        ) : (
          working.length > 0 && 'None of them has been used yet.'
        )}
      </p>
    </div>
  );
}
