import {
  CheckCircledIcon,
  DownloadIcon,
  ExclamationTriangleIcon,
  LockClosedIcon,
} from '@radix-ui/react-icons';
import { useState } from 'react';
import { client } from '../../api/client.js';
import { ProblemError, unwrap } from '../../api/problem.js';
import { Button } from '../../components/button.js';
import { Menu } from '../../components/menu.js';
import { RelativeTime } from '../../components/time.js';
import { warn } from '../../components/toast.js';
import { readExport } from './audit-queries.js';
import { verifyChain, type ChainVerdict } from './verify-chain.js';

type Outcome = ChainVerdict | { problem: string };

/** Proves in this browser that the trail is as it was written, and hands it out. */
export function Verification({ applicationId }: { applicationId: string }) {
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();

  async function verify(): Promise<void> {
    setBusy(true);
    try {
      const [trail, jwks] = await Promise.all([readExport(applicationId, 'chain'), readKeys()]);
      const lines = (await trail.text()).split('\n').filter(Boolean);
      setOutcome(await verifyChain(applicationId, lines, jwks));
    } catch (error) {
      setOutcome({ problem: problemOf(error) });
    } finally {
      setBusy(false);
    }
  }

  async function download(format: 'chain' | 'ocsf'): Promise<void> {
    try {
      const url = URL.createObjectURL(await readExport(applicationId, format));
      const link = document.createElement('a');
      link.href = url;
      link.download = format === 'chain' ? 'audit.ndjson' : 'audit-ocsf.ndjson';
      link.click();
      URL.revokeObjectURL(url);
    } catch (error) {
      warn(problemOf(error));
    }
  }

  return (
    <div className="toolbar">
      <p className="proof small" role="status">
        <Proof outcome={outcome} />
      </p>
      <span className="spring" />
      <Button isBusy={isBusy} icon={<LockClosedIcon aria-hidden="true" />} onClick={() => void verify()}>
        Verify
      </Button>
      <Menu
        label="Export"
        className="button plain"
        trigger={
          <>
            <DownloadIcon aria-hidden="true" />
            Export
          </>
        }
        items={[
          {
            label: 'Signed chain (NDJSON)',
            icon: <LockClosedIcon aria-hidden="true" />,
            onSelect: () => void download('chain'),
          },
          {
            label: 'OCSF events (NDJSON)',
            icon: <DownloadIcon aria-hidden="true" />,
            onSelect: () => void download('ocsf'),
          },
        ]}
      />
    </div>
  );
}

function Proof({ outcome }: { outcome: Outcome | undefined }) {
  if (outcome === undefined) {
    return (
      <span className="soft">
        Each event holds the hash of the one before. Verify, and see that none was changed.
      </span>
    );
  }
  const fault = 'problem' in outcome ? outcome.problem : outcome.fault;
  if (fault !== undefined) {
    return (
      <span className="bad">
        <ExclamationTriangleIcon aria-hidden="true" /> {fault}
      </span>
    );
  }
  const { sealed, events } = outcome as ChainVerdict;
  return (
    <span className="good">
      <CheckCircledIcon aria-hidden="true" />{' '}
      {sealed === undefined ? (
        `${events} events are as they were written. None is signed: the operator has set no key for it.`
      ) : (
        <>
          Verified up to event {sealed.seq}, signed <RelativeTime time={sealed.time} />.
        </>
      )}
    </span>
  );
}

async function readKeys(): Promise<{ keys: JsonWebKey[] }> {
  return unwrap(await client.GET('/.well-known/jwks.json'));
}

function problemOf(error: unknown): string {
  if (error instanceof ProblemError) return error.message;
  return globalThis.isSecureContext
    ? 'The trail could not be read. Try again.'
    : 'Browsers verify on pages that came over HTTPS alone. Export the chain, and run npm run audit:verify with it.';
}
