import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestApp } from './test-app.js';

export interface RawAnswer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: { code?: string; [member: string]: unknown };
}

/** GET with exactly these headers, names and values in turn: the same one twice is what supertest cannot send. */
export async function rawGet(app: TestApp, path: string, headers: string[]): Promise<RawAnswer> {
  if (!app.nest.getHttpServer().listening) await app.nest.listen(0, '127.0.0.1');
  const { port } = app.nest.getHttpServer().address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const host = ['Host', `127.0.0.1:${port}`];
    request({ port, host: '127.0.0.1', path, headers: [...host, ...headers], agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const body = (text === '' ? {} : JSON.parse(text)) as RawAnswer['body'];
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body });
      });
    })
      .on('error', reject)
      .end();
  });
}
