import { Recorded } from '../../components/recorded.js';
import { RelativeTime } from '../../components/time.js';
import { endOf, personOf, usePeople } from '../use-people.js';
import { actionName } from './actions.js';
import type { AuditEvent } from './audit-queries.js';

/** Longer values are cut: an export has them whole. */
const MAX_VALUE = 80;

interface Props {
  events: readonly AuditEvent[];
  /** Of keys, by their id. */
  names: ReadonlyMap<string, string>;
  nameOf: ReturnType<typeof usePeople>;
  onActor: (subject: string) => void;
}

export function AuditTable({ events, names, nameOf, onActor }: Props) {
  return (
    <div className="table-frame">
      <table className="keys">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Of what</th>
            <th scope="col">By whom</th>
            <th scope="col">When</th>
            <th scope="col">Changes</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.seq}>
              <th scope="row">
                <span className="key-name">{actionName(event.action)}</span>
                <span className="soft small">Event {event.seq}</span>
              </th>
              <td data-label="Of what">
                <Target target={event.target} names={names} />
              </td>
              <td data-label="By whom">
                <span>
                  <Actor actor={event.actor} names={names} nameOf={nameOf} onActor={onActor} />{' '}
                  {event.actor.address !== null && (
                    <span className="soft by">from {event.actor.address}</span>
                  )}
                </span>
              </td>
              <td data-label="When" className="nowrap">
                <RelativeTime time={event.time} />
              </td>
              <td data-label="Changes">
                <Changes event={event} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const KINDS: Readonly<Record<string, string>> = {
  api_key: 'Key',
  service_key: 'Service key',
  application: 'The application',
};

function Target({ target: { kind, id }, names }: { target: AuditEvent['target']; names: Props['names'] }) {
  if (kind === 'application') return KINDS.application;
  const name = names.get(id);
  return <span title={id}>{name ?? `${KINDS[kind] ?? kind.replaceAll('_', ' ')} …${id.slice(-6)}`}</span>;
}

function Actor({
  actor,
  names,
  nameOf,
  onActor,
}: Pick<Props, 'names' | 'nameOf' | 'onActor'> & { actor: AuditEvent['actor'] }) {
  const { issuer, subject } = actor;
  if (issuer === 'system') return 'The service';
  const known = names.get(subject) ?? nameOf(personOf(actor));
  const name = known ?? (issuer === 'api-key' ? 'Its holder' : endOf(subject));
  return (
    <button
      type="button"
      className="link"
      title={`${issuer} ${subject}`}
      onClick={() => {
        onActor(subject);
      }}
    >
      {name === 'you' ? 'You' : name}
      <span className="visually-hidden">: show what they did</span>
    </button>
  );
}

function Changes({ event: { before, after } }: { event: AuditEvent }) {
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  if (fields.length === 0) return <span className="soft">–</span>;
  return (
    <details className="more">
      <summary>
        {before === null || after === null ? 'Details' : fields.slice(0, 2).join(', ')}
        {before !== null && after !== null && fields.length > 2 && ` +${fields.length - 2}`}
      </summary>
      <dl className="changed small">
        {fields.map((field) => (
          <div key={field}>
            <dt>{field}</dt>
            <dd>
              {before !== null && (
                <>
                  <Recorded value={before[field]} max={MAX_VALUE} /> →{' '}
                </>
              )}
              <Recorded value={after?.[field]} max={MAX_VALUE} />
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
