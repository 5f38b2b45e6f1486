import { useInfiniteQuery } from '@tanstack/react-query';
import { keyDenialsQuery, type Denial } from '../../api/key-queries.js';
import { RelativeTime } from '../../components/time.js';
import { PagedRows, Panel } from './panel.js';
import { reasonOf, VERDICTS } from './verdicts.js';

export function KeyRefusals({ keyId }: { keyId: string }) {
  const pages = useInfiniteQuery(keyDenialsQuery(keyId));
  return (
    <Panel title="Recent refusals" isWide>
      <PagedRows pages={pages} label="refusals" empty="No refusal of this key is on record.">
        {(rows) => (
          <ul className="key-rows">
            {rows.map((denial) => (
              <Refusal key={denial.id} denial={denial} />
            ))}
          </ul>
        )}
      </PagedRows>
    </Panel>
  );
}

function Refusal({ denial }: { denial: Denial }) {
  const { at, verdict, address, requestId, repeated } = denial;
  return (
    <li>
      <p>
        <span className={`swatch v-${verdict}`} aria-hidden="true" />
        <strong>{VERDICTS[verdict]}</strong> {reasonOf(denial)}
        {repeated > 1 && <span className="badge mute">× {repeated}</span>}
      </p>
      <p className="soft small">
        <RelativeTime time={at} />
        {address !== null && (
          <>
            {' '}
            from <code>{address}</code>
          </>
        )}
        {requestId !== null && (
          <>
            {' '}
            · request <code className="breaking">{requestId}</code>
          </>
        )}
      </p>
    </li>
  );
}
