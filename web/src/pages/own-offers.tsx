import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { client } from '../api/client.js';
import { ownOffersQuery, type Offer } from '../api/people.js';
import { unwrap } from '../api/problem.js';
import { applicationsQuery, queryClient } from '../api/queries.js';
import { Button } from '../components/button.js';
import { FormProblem } from '../components/field.js';
import { LoadProblem } from '../components/loading.js';
import { RelativeTime } from '../components/time.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { ROLE_HINT, ROLE_LABEL } from '../dialogs/roles.js';
import { useUser } from '../session/use-session.js';

/** What others offer to whoever is signed in. It is nothing that the page would have to wait for. */
export function OwnOffers() {
  const { data = [], error } = useQuery(ownOffersQuery);
  if (error !== null) return <LoadProblem error={error} what="What others offer you" />;
  if (data.length === 0) return null;
  return (
    <section className="offers" aria-labelledby="own-offers">
      <h2 id="own-offers">{data.length === 1 ? 'An offer to you' : `${data.length} offers to you`}</h2>
      <ul className="rows">
        {data.map((offer) => (
          <OwnOffer key={offer.id} offer={offer} />
        ))}
      </ul>
    </section>
  );
}

function OwnOffer({ offer }: { offer: Offer }) {
  const { id: offerId, kind, role, applicationId, applicationName, expiresAt } = offer;
  const navigate = useNavigate();
  const user = useUser();
  const params = { path: { offerId } };
  const forget = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ownOffersQuery.queryKey });
  const acceptance = useSubmit(async () => {
    unwrap(await client.POST('/applications/offers/{offerId}/accept', { params }));
    await Promise.all([forget(), queryClient.invalidateQueries({ queryKey: applicationsQuery.queryKey })]);
    await navigate({ to: '/applications/$applicationId', params: { applicationId } });
    say(kind === 'transfer' ? `${applicationName} is yours.` : `You are a member of ${applicationName}.`);
  });
  const refusal = useSubmit(async () => {
    unwrap(await client.POST('/applications/offers/{offerId}/decline', { params }));
    await forget();
    say('The offer is declined.');
  });
  return (
    <li className="list-row">
      <div>
        <p className="list-title">
          {applicationName} <span className="badge accent">{ROLE_LABEL[role]}</span>
        </p>
        <p className="soft small">
          {kind === 'transfer' ? 'It would be yours, in place of whoever offers it.' : ROLE_HINT[role]} The
          offer ends <RelativeTime time={expiresAt} />.{' '}
          {user?.issuer === undefined && 'The owners and admins will see your email.'}
        </p>
        <FormProblem problem={acceptance.problem ?? refusal.problem} />
      </div>
      <div className="row">
        <Button
          isBusy={refusal.isBusy}
          disabled={acceptance.isBusy}
          aria-label={`Decline the offer of ${applicationName}`}
          onClick={refusal.submit}
        >
          Decline
        </Button>
        <Button
          kind="primary"
          isBusy={acceptance.isBusy}
          disabled={refusal.isBusy}
          aria-label={`Accept the offer of ${applicationName}`}
          onClick={acceptance.submit}
        >
          Accept
        </Button>
      </div>
    </li>
  );
}
