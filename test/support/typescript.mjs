import { register } from 'node:module';

/** Lets plain Node import this project's TypeScript, which Jest transforms for the tests alone. */
register('./typescript-hooks.mjs', import.meta.url);
