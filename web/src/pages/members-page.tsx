import { PersonIcon, PlusIcon } from '@radix-ui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Application } from '../api/client.js';
import { client } from '../api/client.js';
import { membersQuery, offersQuery, type Member, type Offer, type Role } from '../api/people.js';
import { unwrap } from '../api/problem.js';
import { queryClient } from '../api/queries.js';
import { Button } from '../components/button.js';
import { FormProblem } from '../components/field.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { RelativeTime } from '../components/time.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { useTitle } from '../components/use-title.js';
import { OfferDialog } from '../dialogs/offer.js';
import { RemoveMemberDialog } from '../dialogs/remove-member.js';
import { ROLES, ROLE_LABEL } from '../dialogs/roles.js';
import { useApplication } from './application-context.js';
import { PersonName, useIsMe } from './person-name.js';

type Open = { kind: 'membership' | 'transfer' } | { kind: 'remove'; member: Member };

/** Who has a part in an application, and to whom one is offered. */
export function MembersPage() {
  const application = useApplication();
  useTitle(`Members of ${application.name}`);
  const [open, setOpen] = useState<Open>();
  const isMe = useIsMe();
  const { data, error } = useQuery(membersQuery(application.id));
  if (data === undefined) {
    if (error === null) return <Skeleton rows={4} label="Loading the members" />;
    return <LoadProblem error={error} />;
  }
  const own = data.find(isMe)?.role;
  const close = (): void => {
    setOpen(undefined);
  };
  return (
    <div className="panels">
      <section className="panel" aria-labelledby="members">
        <div className="panel-head">
          <div>
            <h2 id="members">Members</h2>
            <p className="soft">Viewers read, admins manage keys too, owners may do everything.</p>
          </div>
          {own === 'owner' && (
            <div className="row wrap">
              <Button
                onClick={() => {
                  setOpen({ kind: 'transfer' });
                }}
              >
                Hand on ownership
              </Button>
              <Button
                kind="primary"
                icon={<PlusIcon aria-hidden="true" />}
                onClick={() => {
                  setOpen({ kind: 'membership' });
                }}
              >
                Add a member
              </Button>
            </div>
          )}
        </div>
        <ul className="rows">
          {data.map((member) => (
            <MemberRow
              key={`${member.issuer ?? ''} ${member.subject}`}
              application={application}
              member={member}
              mayManage={own === 'owner'}
              isMe={isMe(member)}
              onRemove={() => {
                setOpen({ kind: 'remove', member });
              }}
            />
          ))}
        </ul>
      </section>
      {(own === 'owner' || own === 'admin') && (
        <OffersPanel application={application} mayWithdraw={own === 'owner'} />
      )}
      {(open?.kind === 'membership' || open?.kind === 'transfer') && (
        <OfferDialog application={application} kind={open.kind} onClose={close} />
      )}
      {open?.kind === 'remove' && (
        <RemoveMemberDialog
          application={application}
          member={open.member}
          isMe={isMe(open.member)}
          onClose={close}
        />
      )}
    </div>
  );
}

function MemberRow({
  application: { id },
  member,
  mayManage,
  isMe,
  onRemove,
}: {
  application: Application;
  member: Member;
  mayManage: boolean;
  isMe: boolean;
  onRemove: () => void;
}) {
  const { subject, issuer, role, createdAt } = member;
  const name = member.email ?? subject;
  const [next, setNext] = useState<Role>(role);
  const { isBusy, problem, submit } = useSubmit(async () => {
    const { response, ...answer } = await client.PUT('/applications/{id}/members/{subject}', {
      params: { path: { id, subject } },
      body: { role: next, ...(issuer !== undefined && { issuer }) },
    });
    unwrap({ response, ...answer });
    await Promise.all([
      queryClient.invalidateQueries({ queryKey: membersQuery(id).queryKey }),
      queryClient.invalidateQueries({ queryKey: offersQuery(id).queryKey }),
    ]);
    if (response.status === 202) {
      // Nobody becomes an owner without being asked.
      setNext(role);
      say('They will be an owner as soon as they accept.');
    } else say(`The role is ${ROLE_LABEL[next].toLowerCase()} now.`);
  });
  return (
    <li className="list-row">
      <div>
        <p className="list-title">
          <PersonName person={member} />
        </p>
        <p className="soft small">
          {mayManage ? 'Member' : `${ROLE_LABEL[role]} · member`} since <RelativeTime time={createdAt} />
        </p>
        <FormProblem problem={problem} />
      </div>
      {(mayManage || isMe) && (
        <form className="row" onSubmit={submit}>
          {mayManage && (
            <>
              <select
                className="input narrow"
                aria-label={`Role of ${isMe ? 'yourself' : name}`}
                value={next}
                onChange={({ target }) => {
                  setNext(target.value as Role);
                }}
              >
                {ROLES.map((one) => (
                  <option key={one} value={one}>
                    {ROLE_LABEL[one]}
                  </option>
                ))}
              </select>
              {next !== role && (
                <Button type="submit" kind="primary" isBusy={isBusy}>
                  Save
                </Button>
              )}
            </>
          )}
          <Button onClick={onRemove} aria-label={isMe ? 'Leave the application' : `Remove ${name}`}>
            {isMe ? 'Leave' : 'Remove'}
          </Button>
        </form>
      )}
    </li>
  );
}

function OffersPanel({ application, mayWithdraw }: { application: Application; mayWithdraw: boolean }) {
  const { data, error } = useQuery(offersQuery(application.id));
  return (
    <section className="panel" aria-labelledby="offers">
      <div className="panel-head">
        <div>
          <h2 id="offers">Open offers</h2>
          <p className="soft">Nobody becomes a member unless they accept, within seven days.</p>
        </div>
      </div>
      {data === undefined &&
        (error === null ? <Skeleton rows={1} label="Loading the offers" /> : <LoadProblem error={error} />)}
      {data?.length === 0 && (
        <p className="soft row">
          <PersonIcon aria-hidden="true" /> No offer is open.
        </p>
      )}
      {data !== undefined && data.length > 0 && (
        <ul className="rows">
          {data.map((offer) => (
            <OfferRow key={offer.id} offer={offer} mayWithdraw={mayWithdraw} />
          ))}
        </ul>
      )}
    </section>
  );
}

function OfferRow({ offer, mayWithdraw }: { offer: Offer; mayWithdraw: boolean }) {
  const { id: offerId, applicationId: id, kind, role, expiresAt } = offer;
  const { isBusy, problem, submit } = useSubmit(async () => {
    const answer = await client.DELETE('/applications/{id}/offers/{offerId}', {
      params: { path: { id, offerId } },
    });
    unwrap(answer);
    await queryClient.invalidateQueries({ queryKey: offersQuery(id).queryKey });
    say('The offer is withdrawn.');
  });
  return (
    <li className="list-row">
      <div>
        <p className="list-title">
          <PersonName person={offer} />
        </p>
        <p className="soft small">
          {kind === 'transfer' ? 'Ownership is handed on' : ROLE_LABEL[role]} · ends{' '}
          <RelativeTime time={expiresAt} />
        </p>
        <FormProblem problem={problem} />
      </div>
      {mayWithdraw && (
        <Button
          isBusy={isBusy}
          aria-label={`Withdraw the offer to ${offer.subject}`}
          onClick={() => {
            submit();
          }}
        >
          Withdraw
        </Button>
      )}
    </li>
  );
}
