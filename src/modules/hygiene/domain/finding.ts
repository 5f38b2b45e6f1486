/** Days without a verification after which a key counts as unused. */
export const UNUSED_AFTER_DAYS = 90;

/** Days that a new key may wait for its first verification. */
export const NEVER_USED_AFTER_DAYS = 7;

/** Days before its expiry from which on a key is about to expire. */
export const EXPIRING_WITHIN_DAYS = 14;

/** An entry of the OWASP Non-Human Identities Top 10, 2025 (https://owasp.org/www-project-non-human-identities-top-10/2025/). */
export interface OwaspEntry {
  readonly id: string;
  readonly name: string;
}

const IMPROPER_OFFBOARDING: OwaspEntry = { id: 'NHI1:2025', name: 'Improper Offboarding' };
const OVERPRIVILEGED: OwaspEntry = { id: 'NHI5:2025', name: 'Overprivileged NHI' };
const LONG_LIVED_SECRETS: OwaspEntry = { id: 'NHI7:2025', name: 'Long-Lived Secrets' };

interface FindingKind {
  /** What it says, for people. */
  readonly says: string;
  /** What to do. */
  readonly advice: string;
  /** Null where the list has none that fits. */
  readonly owasp: OwaspEntry | null;
}

/** What may be wrong with a key that works, the most urgent first. */
export const FINDINGS = {
  policy_violation: {
    says: 'Breaks the policy of the application.',
    advice: 'Change the key so that it obeys, or issue one that does and revoke this one.',
    owasp: null,
  },
  creator_not_member: {
    says: 'Was made by somebody who is no member any more.',
    advice: 'They may still have it: rotate it, or revoke it.',
    owasp: IMPROPER_OFFBOARDING,
  },
  rotation_due: {
    says: 'Has a secret that is older than the policy lets it become.',
    advice: 'Rotate it, with an overlap as long as it takes to hand the new secret out.',
    owasp: LONG_LIVED_SECRETS,
  },
  expiring: {
    says: `Expires within ${EXPIRING_WITHIN_DAYS} days.`,
    advice: 'Issue another one and hand it out, or move the expiry, before calls are refused.',
    owasp: null,
  },
  old_secret: {
    says: 'Was rotated, and an older secret of it still works.',
    advice: 'See that the new secret is in use everywhere, and end the older one.',
    owasp: LONG_LIVED_SECRETS,
  },
  broad_scopes: {
    says: 'Has a scope with a wildcard.',
    advice: 'Name the scopes that it needs.',
    owasp: OVERPRIVILEGED,
  },
  never_expires: {
    says: 'Never expires.',
    advice: 'Give it an expiry that you can keep, and renew it before.',
    owasp: LONG_LIVED_SECRETS,
  },
  unused: {
    says: `Passed no verification for ${UNUSED_AFTER_DAYS} days.`,
    advice: 'Ask whom it was made for, and revoke it.',
    owasp: IMPROPER_OFFBOARDING,
  },
  never_used: {
    says: `Never passed a verification, ${NEVER_USED_AFTER_DAYS} days and more after it was made.`,
    advice: 'Revoke it: nobody would miss it.',
    owasp: IMPROPER_OFFBOARDING,
  },
} as const satisfies Record<string, FindingKind>;

/** What may be wrong with a webhook. */
export const WEBHOOK_OF_LEAVER = {
  says: 'Was made by somebody who is no member any more.',
  advice: 'They may be who receives it: see where it leads, and delete it or rotate its secret.',
  owasp: IMPROPER_OFFBOARDING,
} as const satisfies FindingKind;

export type FindingName = keyof typeof FINDINGS;

export const FINDING_NAMES = Object.keys(FINDINGS) as FindingName[];
