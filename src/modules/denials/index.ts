export { DenialsModule } from './denials.module.js';
export { type Denial } from './domain/denial.js';
