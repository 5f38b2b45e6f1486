export { HygieneModule } from './hygiene.module.js';
