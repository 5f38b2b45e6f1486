/** Takes webhooks, and does nothing with them. */
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(204).end();
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send({ ready: true }));
process.on('SIGTERM', () => process.exit());
process.on('disconnect', () => process.exit());
