/**
 * Mistakes that the simulation must find. They live in the simulated database and in subclasses of the
 * service's own classes; the service itself has no switch for them.
 */
export const BUGS = {
  'no-lease-check': 'the cache is used without asking for the lease',
  'lease-from-answer': 'the lease is timed from the answer of its renewal, not from its sending',
  'no-confirmation': 'a change is answered without waiting for the nodes',
  'fill-after-change': 'a fill goes in although what it read has changed since',
  'number-outside-transaction':
    'a change takes its number in a transaction of its own, before its own commit',
  'number-without-lock': 'numbers are given in the order they are asked for, not in the order of commits',
  'one-snapshot': 'the changes are read in the transaction that renews the lease',
  'repeated-delete-does-not-wait': 'a DELETE of a revoked key is answered at once',
  'lease-before-changes': 'a node says that it has applied changes before it has',
  'join-without-lease': 'a caller without a lease takes the result of a read that began before it came',
  'join-without-ticket': 'a caller takes the result of an earlier read without looking at its ticket',
  'watch-from-sending': 'a lease is taken to be over one lease after the read that saw it was sent',
  'no-reset-after-trim': 'a node whose changes were trimmed goes on as if it had missed none',
  'clock-rates-equal': 'the whole lease is used, as if no two clocks differed',
  'monotonic-clock-only': 'a machine that slept believes its monotonic clock',
  'reads-without-fence': 'a read counts whatever server has answered it, and without a lease',
  'follow-older-server': 'a node goes back to the older state of another server without renewing there',
  'look-without-number': 'a change is answered though nobody has seen it committed',
  'unknown-without-commit': 'a standby may say that there is no such key',
  'look-without-commit': 'the look at the nodes may be answered by a standby',
} as const;

export type Bug = keyof typeof BUGS;
