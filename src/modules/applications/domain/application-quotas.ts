/** How much one person, or one application, may have. */
export abstract class ApplicationQuotas {
  /** Applications that name somebody as their owner. */
  abstract readonly maxApplicationsPerOwner: number;
  /** That one person creates on one day (UTC), whatever has become of them since. */
  abstract readonly maxApplicationsCreatedPerDay: number;
  abstract readonly maxMembersPerApplication: number;
}
