import { ratio, runBenchmark, typical } from '../lib/benchmark-run.mjs';
import { setTimeout as sleep } from 'node:timers/promises';
import { overHttp, startBareInserts, startBetterAuth, startWebhookReceiver } from '../lib/systems.mjs';
import { post } from '../lib/load.mjs';
import { bearer, createProductDatabase, issueKeys, makeApplications, startProduct } from '../lib/product.mjs';
import { withClient } from '../lib/postgres.mjs';
import { goalsTable, number, table } from '../lib/report.mjs';
import { readTemplate } from '../lib/template.mjs';

export const title = 'Issuing';

const CLIENTS = 16;
/** Issuing for one application takes turns, so the clients issue for many. */
const APPLICATIONS = 100;

/** @param {import('../run.mjs').Context} context @returns {Promise<string>} */
export async function run(context) {
  const rounds = context.quick ? 2 : 5;
  const seconds = context.quick ? 1 : 3;
  const systems = await startSystems(context);
  const measured = await runBenchmark(context, {
    systems,
    rounds,
    seconds,
    connections: CLIENTS,
    warmUpMs: seconds * 1000,
  });
  return `New keys a second, each committed, at ${CLIENTS} clients; the medians of ${rounds} rounds of ${seconds} s. Ours is
\`POST /apikey?ApplicationId=\` with an access token, all guards and the limit of active keys, for ${APPLICATIONS} applications in
turn and for a single one; without audit, the function that writes the events of the audit trail does nothing. With
webhooks, each application has one, to a receiver on this machine; a round is followed by a pause until all is delivered,
which is in the CPU and not in the keys a second. better-auth is its \`createApiKey\` over HTTP, which authenticates nobody; the bare pg loop
makes the same INSERTs on ${CLIENTS} connections and nothing else. CPU is in milliseconds for a thousand keys.

${issuingTable(measured)}

${goals(measured)}`;
}

/** @param {import('../run.mjs').Context} context */
async function startSystems(context) {
  context.say('starting everybody');
  const databaseUrl = await createProductDatabase(context, 'bench_product');
  // A round may issue more keys than an application may have by default.
  const env = { MAX_ACTIVE_KEYS_PER_APPLICATION: '1000000' };
  const product = await startProduct(context, { name: 'product', databaseUrl, env });
  const owner = await makeApplications(product, APPLICATIONS + 1);
  const [single, ...many] = owner.applicationIds;
  const [{ id }] = await issueKeys(product, owner, 1);
  const requests = (ids) =>
    ids.map((id) => post(`/apikey?ApplicationId=${id}`, undefined, bearer(owner.accessToken)));
  const withoutAudit = await startWithoutAudit(context, env);
  const betterAuth = await startBetterAuth(context, 'database', 10);
  return [
    await startBareInserts(context, databaseUrl, many, await readTemplate(databaseUrl, id)),
    overHttp('ours', product, requests(many), answersKey),
    overHttp('ours, one application', product, requests([single]), answersKey),
    overHttp('ours, without audit', withoutAudit.product, withoutAudit.requests, answersKey),
    await startWithWebhooks(context, env),
    overHttp('better-auth', betterAuth, [post('/apikey', undefined)], answersKey),
  ];
}

/** Nobody can run the product like this: it is what the audit trail is measured against. */
async function startWithoutAudit(context, env) {
  const databaseUrl = await createProductDatabase(context, 'bench_without_audit');
  await withClient(databaseUrl, (client) =>
    client.query(`
      CREATE OR REPLACE FUNCTION append_audit_events(events jsonb) RETURNS void LANGUAGE plpgsql
        AS 'BEGIN RETURN; END'`),
  );
  const product = await startProduct(context, { name: 'product without audit', databaseUrl, env });
  const { applicationIds, accessToken } = await makeApplications(product, APPLICATIONS);
  const requests = applicationIds.map((id) =>
    post(`/apikey?ApplicationId=${id}`, undefined, bearer(accessToken)),
  );
  return { product, requests };
}

/** Each application has a webhook. A round ends when nothing is left to be sent, so that others are not disturbed by it. */
async function startWithWebhooks(context, env) {
  const databaseUrl = await createProductDatabase(context, 'bench_with_webhooks');
  const receiver = await startWebhookReceiver(context);
  const product = await startProduct(context, {
    name: 'product with webhooks',
    databaseUrl,
    env: { ...env, WEBHOOK_ALLOW_PRIVATE: 'true' },
  });
  const { applicationIds, accessToken } = await makeApplications(product, APPLICATIONS);
  for (const id of applicationIds) {
    const { status } = await fetch(`http://127.0.0.1:${product.port}/applications/${id}/webhooks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer(accessToken) },
      body: JSON.stringify({ url: `http://127.0.0.1:${receiver.port}/`, events: ['key.created'] }),
    });
    if (status !== 201) throw new Error(`A webhook was answered ${status}`);
  }
  const requests = applicationIds.map((id) =>
    post(`/apikey?ApplicationId=${id}`, undefined, bearer(accessToken)),
  );
  const system = overHttp('ours, with webhooks', product, requests, answersKey);
  return {
    ...system,
    load: async (options) => {
      const load = await system.load(options);
      await withClient(databaseUrl, async (client) => {
        const pending = `SELECT FROM webhook_deliveries WHERE state = 'pending' LIMIT 1`;
        while ((await client.query(pending)).rowCount > 0) await sleep(50);
      });
      return load;
    },
  };
}

/** @param {import('../lib/load.mjs').Answer} answer */
function answersKey({ status, data, bodyStart }) {
  return status === 200 && data.indexOf('"upblit_live_', bodyStart) === bodyStart;
}

/** @param {import('../lib/benchmark-run.mjs').Measured} measured */
function issuingTable(measured) {
  return table(
    ['', 'keys/s', 'p50 ms', 'p99 ms', 'CPU', 'PostgreSQL CPU', '× bare pg loop'],
    [...measured].map(([name, rounds]) => [
      name,
      ...['perSecond', 'p50', 'p99', 'cpuPerThousand', 'postgresCpuPerThousand'].map((figure) =>
        number(typical(rounds, figure)),
      ),
      number(ratio(measured, name, 'bare pg loop', 'perSecond')),
    ]),
  );
}

/** @param {import('../lib/benchmark-run.mjs').Measured} measured */
function goals(measured) {
  return goalsTable([
    {
      figure: "issuing to better-auth's create",
      direction: 'at least',
      goal: 1.5,
      measured: ratio(measured, 'ours', 'better-auth', 'perSecond'),
    },
    {
      figure: 'issuing without audit to issuing with it',
      direction: 'at most',
      goal: 1.5,
      measured: ratio(measured, 'ours, without audit', 'ours', 'perSecond'),
    },
  ]);
}
