import type { MigrationInterface } from 'typeorm';
import { Applications1764000000100 } from './1764000000100-applications.js';
import { ApiKeys1764000000200 } from './1764000000200-api-keys.js';

/** Every migration, oldest first. */
export const migrations: (new () => MigrationInterface)[] = [Applications1764000000100, ApiKeys1764000000200];
