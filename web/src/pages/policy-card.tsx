import { Pencil1Icon } from '@radix-ui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { policyQuery, type Policy } from '../api/policy.js';
import { Button } from '../components/button.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { PolicyDialog } from '../dialogs/policy.js';

const ON_LEAK: Readonly<Record<Policy['onLeak'], string>> = {
  revoke: 'It is revoked',
  disable: 'It is disabled',
  flag: 'It is reported, and goes on working',
};

/** What the application demands of its keys. */
export function PolicyCard({ applicationId }: { applicationId: string }) {
  const { data, error } = useQuery(policyQuery(applicationId));
  const [isOpen, setOpen] = useState(false);
  const [said, setSaid] = useState('');
  return (
    <section className="hygiene-block" aria-labelledby="policy">
      <div className="hygiene-head">
        <h2 id="policy">Policy</h2>
        {data !== undefined && (
          <Button
            icon={<Pencil1Icon aria-hidden="true" />}
            onClick={() => {
              setOpen(true);
            }}
          >
            Edit policy
          </Button>
        )}
      </div>
      {data !== undefined ? (
        <dl className="policy">
          {rowsOf(data).map(([name, value]) => (
            <div key={name}>
              <dt className="soft">{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      ) : error !== null ? (
        <LoadProblem error={error} />
      ) : (
        <Skeleton rows={3} label="Loading the policy" />
      )}
      <p role="status" className="soft small">
        {said}
      </p>
      {isOpen && data !== undefined && (
        <PolicyDialog
          applicationId={applicationId}
          policy={data}
          onClose={() => {
            setOpen(false);
          }}
          onChanged={(violations) => {
            setOpen(false);
            setSaid(
              violations === 0
                ? 'Saved. Every key obeys it.'
                : `Saved. ${violations} ${violations === 1 ? 'key breaks it, and goes' : 'keys break it, and go'} on working: see below.`,
            );
          }}
        />
      )}
    </section>
  );
}

function rowsOf(policy: Policy): [name: string, value: string][] {
  const days = (count: number): string => `${count} ${count === 1 ? 'day' : 'days'}`;
  return [
    ['Longest lifetime', policy.maxLifetime === null ? 'Any' : days(policy.maxLifetime)],
    ['Expiry', policy.requireExpiry || policy.maxLifetime !== null ? 'Required' : 'Optional'],
    ['Addresses', policy.requireIpAllowlist ? 'Required' : 'Optional'],
    ['Scopes allowed', policy.allowedScopes === null ? 'Any' : policy.allowedScopes.join(', ') || 'None'],
    ['Rotation due', policy.rotateEvery === null ? 'Never' : `After ${days(policy.rotateEvery)}`],
    ['A key found in public', ON_LEAK[policy.onLeak]],
  ];
}
