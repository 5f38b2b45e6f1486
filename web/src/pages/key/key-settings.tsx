import type { ReactNode } from 'react';
import type { KeyDetails } from '../../api/key-queries.js';
import { RelativeTime } from '../../components/time.js';
import { endOf, type usePeople } from '../use-people.js';
import { Panel } from './panel.js';

/** What the key was told to be; changed by Edit. */
export function KeySettings({
  apiKey,
  nameOf,
}: {
  apiKey: KeyDetails;
  nameOf: ReturnType<typeof usePeople>;
}) {
  const { id, scopes, expiresAt, ipAllowlist, tags, externalId, metadata } = apiKey;
  const { revokedAt, revokedBy, revokedByIssuer } = apiKey;
  return (
    <Panel title="Settings">
      <dl className="key-facts">
        <Fact name="Scopes">
          <Words words={scopes} none="None: refused wherever one is asked for" />
        </Fact>
        <Fact name="Expires">{expiresAt === null ? 'Never' : <RelativeTime time={expiresAt} />}</Fact>
        {revokedAt !== null && (
          <Fact name="Revoked">
            <RelativeTime time={revokedAt} />
            {revokedBy !== null && (
              <span className="soft" title={revokedBy}>
                {' '}
                by {nameOf({ subject: revokedBy, issuer: revokedByIssuer }) ?? endOf(revokedBy)}
              </span>
            )}
          </Fact>
        )}
        <Fact name="Addresses">
          <Words words={ipAllowlist} none="Any" />
        </Fact>
        <Fact name="Tags">
          <Words words={tags} none="None" />
        </Fact>
        <Fact name="Customer">{externalId ?? <span className="soft">None</span>}</Fact>
        {Object.keys(metadata).length > 0 && (
          <Fact name="Metadata">
            <pre className="metadata" tabIndex={0}>
              {JSON.stringify(metadata, null, 2)}
            </pre>
          </Fact>
        )}
        <Fact name="Key id">
          <code className="breaking">{id}</code>
        </Fact>
      </dl>
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Words({ words, none }: { words: readonly string[]; none: string }) {
  if (words.length === 0) return <span className="soft">{none}</span>;
  return (
    <span className="scope-list">
      {words.map((word) => (
        <code key={word} className="scope breaking">
          {word}
        </code>
      ))}
    </span>
  );
}
