/** How much one person, or one application, may have. */
export abstract class ApplicationQuotas {
  /** Applications that name somebody as their owner. */
  abstract readonly maxApplicationsPerOwner: number;
  abstract readonly maxMembersPerApplication: number;
}
