/** What people can have mailed to them of an application. */
export const MAIL_EVENTS = ['key.expiring', 'key.leaked'] as const;

interface Event {
  readonly type: string;
  readonly data: {
    readonly applicationId?: string;
    readonly keyId?: string;
    readonly name?: string;
    readonly days?: number;
    readonly expiresAt?: string;
  };
}

/** The mail that says what the body of an event says. What people have called a key stands in the text alone. */
export function mailOf(body: string): { subject: string; text: string } {
  const { type, data } = JSON.parse(body) as Event;
  const { applicationId = '', keyId = '', name, days = 0, expiresAt = '' } = data;
  const key = name === undefined ? `The key ${keyId}` : `The key ${JSON.stringify(name)} (${keyId})`;
  const end = `
You get this mail because you have asked for it, for the application ${applicationId}.
`;
  if (type === 'key.leaked') {
    return {
      subject: 'A key has leaked',
      text: `${key} was found where everybody can read it.

Look at what was done with it, and issue another one.
${end}`,
    };
  }
  return {
    subject: days === 1 ? 'A key expires within a day' : `A key expires within ${days} days`,
    text: `${key} expires at ${expiresAt}. From then on it is refused.

Move its expiry, or have whoever uses it change to another key.
${end}`,
  };
}
