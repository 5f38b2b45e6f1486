/** Loaded into a server (`node --import`) that takes every caller for a service of the operator, and looks at no service key. */
import { VerifyingCallers } from '../../dist/src/modules/verification/http/verifying-callers.js';

VerifyingCallers.prototype.ofService = (message, { address, requestId }) => ({
  address,
  requestId,
  keysOf: null,
  isAnonymous: false,
});
