/** Loaded into a server (`node --import`) whose verifications are not to be counted, nor last uses to be noted. */
import { UsageBuffer } from '../../dist/src/modules/usage/infrastructure/usage-buffer.js';

UsageBuffer.prototype.observe = () => undefined;
UsageBuffer.prototype.observeServiceKey = () => undefined;
