/** What receivers are told of, with what it says. `webhook_event_type.sql` gives domain events these names. */
export const WEBHOOK_EVENT_TYPES = {
  'key.created': 'A key was issued or imported.',
  'key.changed': 'The settings, the credits or an older secret of a key were changed.',
  'key.rotated': 'A key was given another secret.',
  'key.revoked': 'A key was revoked for good.',
  'key.expiring': 'A key expires in 14, 7 or 1 days.',
  'key.rotation_due': 'The newest secret of a key is older than the policy of the application allows.',
  'key.credits_low': 'The credits of a key fell below what the webhook says.',
  'key.rate_limited_first': 'A rate limit has refused a key for the first time on this day (UTC).',
  'key.leaked': 'A key, or a service key, was found where others can read it.',
  'member.added': 'Somebody became a member.',
  'member.role_changed': 'A member was given another role.',
  'member.removed': 'A member was taken out, or left.',
  'application.changed': 'The name, the policy or another setting of the application was changed.',
  'application.owner_changed': 'The application was handed on to another owner.',
  'application.limits_changed': 'The rate limits that the keys share were changed.',
  'application.credits_changed': 'The credits that the keys share were changed.',
  'application.deleted': 'The application was deleted, and with it all its keys.',
} as const;

/** All that begin alike, or simply all. */
const GROUPS = ['*', 'key.*', 'member.*', 'application.*'] as const;

/** What a webhook can be asked to send. */
export const WEBHOOK_EVENTS: readonly string[] = [...GROUPS, ...Object.keys(WEBHOOK_EVENT_TYPES)];

/** What the test event is called. It is sent to whoever asks for it, whatever they want besides. */
export const TEST_EVENT_TYPE = 'webhook.test';
