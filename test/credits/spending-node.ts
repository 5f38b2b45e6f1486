import { once } from 'node:events';
import { Pool } from 'pg';
import { CreditLedger } from '../../src/modules/api-keys/application/credit-ledger.js';
import { PostgresCreditStore } from '../../src/modules/api-keys/infrastructure/postgres-credit-store.js';

/*
 * A node of its own process: `spending-node.ts URL KEY APPLICATION AT_ONCE TIMES`. It says `ready`, waits for a word,
 * and spends one credit TIMES times, AT_ONCE at a time. It writes + for each that was granted and - for each that was
 * not, at the moment it would answer: what has not been written when it is killed was never answered.
 */
const [url, keyId = null, applicationId = null, atOnce, times] = process.argv.slice(2);

const pool = new Pool({ connectionString: url, max: 5 });
const ledger = new CreditLedger(new PostgresCreditStore(pool));
await pool.query('SELECT 1');
process.stdout.write('ready\n');
await once(process.stdin, 'data');

let left = Number(times);
await Promise.all(
  Array.from({ length: Number(atOnce) }, async () => {
    while (left-- > 0) {
      const { granted } = await ledger.spend({ keyId, applicationId }, 1);
      process.stdout.write(granted ? '+' : '-');
    }
  }),
);
await pool.end();
process.stdin.destroy();
