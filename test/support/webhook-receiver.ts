import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from './eventually.js';

export interface ReceivedWebhook {
  path: string;
  headers: IncomingHttpHeaders;
  /** As it came. */
  body: string;
  event: { type: string; timestamp: string; data: Record<string, unknown> };
}

/** Takes webhooks on this machine, and keeps them in the order in which they came. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  /** What it does with the next ones; 204 is answered when it does nothing. */
  answer: (response: ServerResponse, webhook: ReceivedWebhook) => void = (response) => {
    response.writeHead(204).end();
  };
  private server: Server | undefined;

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    receiver.server = createServer((request, response) => {
      void text(request).then((body) => {
        const { url: path = '', headers } = request;
        const event = JSON.parse(body) as ReceivedWebhook['event'];
        const webhook = { path, headers, body, event };
        receiver.received.push(webhook);
        receiver.answer(response, webhook);
      });
    });
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.server?.address() as AddressInfo).port;
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Those of a path. */
  at(path: string): ReceivedWebhook[] {
    return this.received.filter((webhook) => webhook.path === path);
  }

  /** What has come to a path, when it is as many. */
  wait(path: string, count: number): Promise<ReceivedWebhook[]> {
    return eventually(() => {
      const found = this.at(path);
      if (found.length < count) throw new Error(`${found.length} of ${count} webhooks have come to ${path}`);
      return found;
    });
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    this.server?.close();
    if (this.server?.listening === true) await once(this.server, 'close');
  }
}
