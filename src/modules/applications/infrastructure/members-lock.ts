/** The class of the advisory locks below; any number that nothing else uses. */
const CLASS = 7_305_808;

/**
 * The queue before the members of an application: who changes something by their role shares it, and who takes a role
 * away has it alone. Locks of rows are no queue: those who share one let each other in past whoever wants it alone, so
 * that somebody could hold up their own removal by changing things all the time.
 */
export const membersLock = {
  /** SQL that waits for its turn. Until the transaction ends. */
  share: (applicationId: string) =>
    `pg_advisory_xact_lock_shared(${CLASS}, hashtext((${applicationId})::uuid::text))`,
  /** SQL for whether it is free and nobody waits for it: who waits for nobody takes it by this. */
  tryShare: (applicationId: string) =>
    `pg_try_advisory_xact_lock_shared(${CLASS}, hashtext((${applicationId})::uuid::text))`,
  takeAlone: (applicationId: string) =>
    `pg_advisory_xact_lock(${CLASS}, hashtext((${applicationId})::uuid::text))`,
};
