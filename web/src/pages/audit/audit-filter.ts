/** What is shown of the audit trail: it stands in the address. */
export interface AuditFilter {
  action?: string | undefined;
  /** The `sub` of a person, or the id of a service key. */
  actor?: string | undefined;
  keyId?: string | undefined;
  /** Days, where the person is: as the browser's field for days has them. */
  from?: string | undefined;
  to?: string | undefined;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Undefined takes the place of what is no good. */
export function auditFilterOf({ action, actor, keyId, from, to }: Record<string, unknown>): AuditFilter {
  return {
    action: textOf(action),
    actor: textOf(actor),
    keyId: textOf(keyId),
    from: dayOf(from),
    to: dayOf(to),
  };
}

function textOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function dayOf(value: unknown): string | undefined {
  return typeof value === 'string' && DAY.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

/** The beginning of a day where the person is, or of the day after it. */
export function startOf(day: string, daysLater = 0): string {
  const start = new Date(`${day}T00:00:00`);
  start.setDate(start.getDate() + daysLater);
  return start.toISOString();
}
