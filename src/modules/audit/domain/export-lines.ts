import { canonicalJson } from '../../../shared/canonical-json.js';
import { AUDIT_ACTIONS, OCSF, type AuditActionName } from './audit-actions.js';
import type { AuditEntry } from './audit-entry.js';

/** An entry as an export holds it: whoever takes the hash out of it has what the hash was taken of. */
export function exportLine({ chain, event, hash, previous, seq, time }: AuditEntry): string {
  return canonicalJson({ chain, event, hash, previous, seq, time });
}

const OCSF_VERSION = '1.3.0';

/** Informational, and for what somebody should look at, medium. */
const SEVERITY = { usual: 1, medium: 3 } as const;
const ALARMING: ReadonlySet<string> = new Set<AuditActionName>(['RefreshTokenReused', 'SignInsRefused']);

/** An entry as an event of the Open Cybersecurity Schema Framework, for what collects them. It proves nothing. */
export function ocsfLine({ chain, event, hash, seq, time }: AuditEntry): string {
  const { action, actor, target, before, after } = event;
  const known = Object.hasOwn(AUDIT_ACTIONS, action) ? AUDIT_ACTIONS[action as AuditActionName] : undefined;
  const { class: classUid, activity } = OCSF[known?.ocsf ?? 'other'];
  const user = { uid: actor.subject, domain: actor.issuer, type_id: actor.issuer === 'system' ? 3 : 1 };
  return canonicalJson({
    class_uid: classUid,
    category_uid: Math.floor(classUid / 1000),
    activity_id: activity,
    type_uid: classUid * 100 + activity,
    severity_id: ALARMING.has(action) ? SEVERITY.medium : SEVERITY.usual,
    // Success, but for what tells of refusals.
    status_id: ALARMING.has(action) ? 2 : 1,
    time: Date.parse(time),
    message: known?.says ?? action,
    metadata: {
      version: OCSF_VERSION,
      product: { name: 'Upblit', vendor_name: 'Upblit' },
      uid: `${chain}/${seq}`,
      ...(actor.requestId === null ? {} : { correlation_uid: actor.requestId }),
      ...(actor.traceId === undefined ? {} : { trace_uid: actor.traceId }),
    },
    actor: {
      user,
      ...(actor.tokenId === null ? {} : { session: { uid: actor.tokenId, issuer: actor.issuer } }),
    },
    ...(classUid === 6003
      ? {
          api: {
            operation: action,
            service: { name: 'upblit' },
            ...(actor.requestId === null ? {} : { request: { uid: actor.requestId } }),
          },
          resources: [{ type: target.kind, uid: target.id }],
        }
      : { user: userOf(event) }),
    src_endpoint: actor.address === null ? { name: 'upblit' } : { ip: actor.address },
    ...(actor.userAgent === null ? {} : { http_request: { user_agent: actor.userAgent } }),
    unmapped: { action, target, before, after, chain, seq, hash },
  });
}

/** Whom a change of an account, or a login, is about: who has a part in it, or else who does it. */
function userOf({ actor, target, before, after }: AuditEntry['event']): Record<string, unknown> {
  const { issuer, subject, userId } = { ...before, ...after };
  if (typeof subject === 'string') return { uid: subject, domain: issuer };
  if (typeof userId === 'string') return { uid: userId };
  return { uid: target.kind === 'user' ? target.id : actor.subject };
}
