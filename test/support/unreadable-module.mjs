import { register } from 'node:module';

/** Lets a module of ours not be loaded, as if it could not be opened: `UNREADABLE` names the end of its URL, then a code. */
register('./unreadable-module-hooks.mjs', import.meta.url, { data: process.env.UNREADABLE });
