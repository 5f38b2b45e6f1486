export { DenialsModule } from './denials.module.js';
