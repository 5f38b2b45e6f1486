/**
 * The baseline of node:http: what verification would cost if it were nothing but Node's own HTTP server, which parses the
 * body, computes one HMAC-SHA-256 and looks it up in a Map. It checks nothing else and can revoke nothing.
 */
import { createServer } from 'node:http';
import { recordsByHash, answerOf } from '../lib/baseline.mjs';

const find = recordsByHash();

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { key } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const text = JSON.stringify(answerOf(find(key)));
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send({ ready: true }));
process.on('SIGTERM', () => process.exit());
process.on('disconnect', () => process.exit());
