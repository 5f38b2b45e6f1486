import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * Returns the statement that creates a function, from the file beside the module that it serves.
 *
 * Each file is read by one migration, the latest to change the function, which names the file's fingerprint: a database
 * that has run this migration has exactly this function. To change it, move the text into that migration, change the
 * file, and write a migration that reads it; its `down` brings the former text back.
 *
 * @param path module and name, as in `metering/spend_credits`
 * @param fingerprint the first 16 digits of the file's SHA-256
 */
export function sqlFunction(path: `${string}/${string}`, fingerprint: string): string {
  const [module, name] = path.split('/');
  const file = new URL(`../src/modules/${module}/infrastructure/functions/${name}.sql`, import.meta.url);
  const text = readFileSync(file, 'utf8');
  const actual = createHash('sha256').update(text).digest('hex').slice(0, 16);
  if (actual !== fingerprint) {
    throw new Error(
      `${name}.sql has the fingerprint ${actual}, and the migration that reads it says ${fingerprint}. ` +
        'Databases that have run it would keep the former function: see migrations/sql-function.ts.',
    );
  }
  return text;
}
