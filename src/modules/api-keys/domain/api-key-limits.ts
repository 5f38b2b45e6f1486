/** How many keys one application may have. */
export abstract class ApiKeyLimits {
  /** At once. */
  abstract readonly maxActiveKeysPerApplication: number;
  /** On one day (UTC), whatever has become of them since. */
  abstract readonly maxKeysIssuedPerDay: number;
}
