import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { endWithTheOthers } from './end-with-the-others.js';

describe('endWithTheOthers', () => {
  const server = createServer();
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
  });

  /** What comes back on a connection on which these requests are sent at once. */
  async function answersTo(...paths: string[]): Promise<string> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n`);
    socket.write(`${requests.join('\r\n')}Connection: close\r\n\r\n`);
    return text(socket);
  }

  async function requests(count: number): Promise<Map<string | undefined, ServerResponse>> {
    const responses = new Map<string | undefined, ServerResponse>();
    while (responses.size < count) {
      const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
      responses.set(request.url, response);
    }
    return responses;
  }

  it('writes the answers to requests that came at once after the last of them was dealt with', async () => {
    const responses: ServerResponse[] = [];
    const ended: boolean[][] = [];
    const respond = ({ url = '' }: IncomingMessage, response: ServerResponse): void => {
      responses.push(response);
      endWithTheOthers(response, `answer to ${url}`);
      ended.push(responses.map(({ writableEnded }) => writableEnded));
    };
    server.on('request', respond);
    const answers = await answersTo('/1', '/2');
    server.off('request', respond);
    expect(ended).toEqual([[false], [false, false]]);
    expect(answers.match(/answer to \/\d/g)).toEqual(['answer to /1', 'answer to /2']);
  });

  it('ends the others when the receiver of one has gone', async () => {
    const arrived = requests(2);
    const [gone, answered] = [answersTo('/gone'), answersTo('/2')];
    const responses = await arrived;
    for (const response of responses.values()) endWithTheOthers(response, 'answer');
    responses.get('/gone')?.destroy();
    expect(await answered).toContain('answer');
    expect(await gone).toBe('');
  });
});
