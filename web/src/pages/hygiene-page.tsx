import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import {
  findingQuery,
  hygieneQuery,
  type Finding,
  type FindingName,
  type FoundKey,
  type WebhookFinding,
} from '../api/policy.js';
import { membersQuery } from '../api/people.js';
import { Button } from '../components/button.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { RelativeTime } from '../components/time.js';
import { useTitle } from '../components/use-title.js';
import { useApplication } from './application-context.js';
import { useIsMe } from './person-name.js';
import { PolicyCard } from './policy-card.js';

const route = getRouteApi('/signed-in/applications/$applicationId/hygiene');

/** What an application demands of its keys, and what is to be done about those it has. */
export function HygienePage() {
  const application = useApplication();
  useTitle(`Hygiene · ${application.name}`);
  return (
    <>
      <PolicyCard applicationId={application.id} />
      <section className="hygiene-block" aria-labelledby="findings">
        <h2 id="findings">Findings</h2>
        <Findings applicationId={application.id} />
      </section>
    </>
  );
}

function Findings({ applicationId }: { applicationId: string }) {
  const { finding: opened } = route.useSearch();
  const { data, error } = useQuery(hygieneQuery(applicationId));
  const { data: members } = useQuery(membersQuery(applicationId));
  const isMe = useIsMe();
  const role = members?.find(isMe)?.role;
  // Whom the service shows no service keys has none of them counted.
  const areAll = role === 'owner' || role === 'admin';
  const ofServices = areAll && data !== undefined && data.keys > 1 ? ', service keys among them' : '';
  if (data === undefined) {
    if (error !== null) return <LoadProblem error={error} />;
    return <Skeleton rows={6} label="Looking at the keys" />;
  }
  return (
    <>
      <p className="soft" role="status">
        {data.findings.length + data.webhookFindings.length === 0 ? 'Nothing is to be done about ' : 'Of '}
        {data.keys === 1 ? 'the key that works' : `the ${data.keys} keys that work`}
        {ofServices}.{data.isPartial && ' There are more: the newest were looked at.'}
      </p>
      <ul className="findings">
        {data.findings.map((finding) => (
          <FindingItem
            key={finding.finding}
            applicationId={applicationId}
            finding={finding}
            isOpen={finding.finding === opened}
          />
        ))}
        {data.webhookFindings.map((finding) => (
          <WebhookFindingItem key={finding.finding} applicationId={applicationId} finding={finding} />
        ))}
      </ul>
    </>
  );
}

function FindingItem({
  applicationId,
  finding: { finding, says, advice, owasp, count, keys },
  isOpen,
}: {
  applicationId: string;
  finding: Finding;
  isOpen: boolean;
}) {
  const params = { applicationId };
  return (
    <li className="finding" id={finding}>
      <h3>
        {says.replace(/\.$/, '')} <span className="badge warn">{count}</span>
        {owasp !== null && (
          <span className="badge mute" title="OWASP Non-Human Identities Top 10, 2025">
            {owasp.id} {owasp.name}
          </span>
        )}
      </h3>
      <p className="soft">{advice}</p>
      {isOpen ? (
        <AllKeys applicationId={applicationId} finding={finding} />
      ) : (
        <KeyList applicationId={applicationId} keys={keys} />
      )}
      {count > keys.length && (
        <Link
          from="/applications/$applicationId/hygiene"
          to="/applications/$applicationId/hygiene"
          params={params}
          search={isOpen ? {} : { finding }}
          hash={finding}
        >
          {isOpen ? 'Show the newest alone' : `Show all ${count}`}
        </Link>
      )}
    </li>
  );
}

function WebhookFindingItem({
  applicationId,
  finding: { says, advice, owasp, webhooks },
}: {
  applicationId: string;
  finding: WebhookFinding;
}) {
  return (
    <li className="finding">
      <h3>
        {says} <span className="badge warn">{webhooks.length}</span>
        <span className="badge mute">Webhooks</span>
        <span className="badge mute" title="OWASP Non-Human Identities Top 10, 2025">
          {owasp.id} {owasp.name}
        </span>
      </h3>
      <p className="soft">{advice}</p>
      <ul className="found-keys">
        {webhooks.map(({ id, url, description, createdAt }) => (
          <li key={id}>
            <Link to="/applications/$applicationId/webhooks" params={{ applicationId }}>
              {new URL(url).host}
            </Link>
            <span className="soft small">
              {description !== null && `${description} · `}made <RelativeTime time={createdAt} />
            </span>
          </li>
        ))}
      </ul>
    </li>
  );
}

function AllKeys({ applicationId, finding }: { applicationId: string; finding: FindingName }) {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    findingQuery(applicationId, finding),
  );
  if (data === undefined) {
    if (error !== null) return <LoadProblem error={error} />;
    return <Skeleton rows={5} label="Loading the keys" />;
  }
  return (
    <>
      <KeyList applicationId={applicationId} keys={data.pages.flatMap((page) => page.data)} />
      {hasNextPage && (
        <Button isBusy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}

function KeyList({ applicationId, keys }: { applicationId: string; keys: readonly FoundKey[] }) {
  return (
    <ul className="found-keys">
      {keys.map((key) => (
        <li key={key.id}>
          {key.isServiceKey ? (
            <span>{key.name}</span>
          ) : (
            <Link to="/applications/$applicationId/keys" params={{ applicationId }} search={{ q: key.hint }}>
              {key.name}
            </Link>
          )}{' '}
          <code className="soft">{key.hint}</code>
          <span className="soft small">
            {key.isServiceKey && 'service key · '}made <RelativeTime time={key.createdAt} />
            {' · '}
            {key.lastUsedAt === null ? (
              'never used'
            ) : (
              <>
                used <RelativeTime time={key.lastUsedAt} />
              </>
            )}
            {key.expiresAt !== null && (
              <>
                {' · '}expires <RelativeTime time={key.expiresAt} />
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
