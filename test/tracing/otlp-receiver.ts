import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP has it in JSON. */
export interface ReceivedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind: number;
  status: { code?: number };
  attributes: { key: string; value: { stringValue?: string; intValue?: number | string } }[];
}

interface Batch {
  resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[];
}

/** What takes traces by OTLP over HTTP: so much of a collector as a test needs. */
export class OtlpReceiver {
  /** Everything that was sent, as it came. */
  text = '';
  readonly headers: IncomingHttpHeaders[] = [];
  readonly spans: ReceivedSpan[] = [];

  private readonly open = new Set<ServerResponse>();

  private constructor(
    private readonly server: Server,
    private isSilent: boolean,
  ) {}

  /** @param isSilent whether it takes connections and requests, and answers none before `answerAll` */
  static async start(isSilent = false): Promise<OtlpReceiver> {
    const server = createServer();
    const receiver = new OtlpReceiver(server, isSilent);
    server.on('request', (message, response) => {
      receiver.headers.push(message.headers);
      receiver.open.add(response);
      response.once('close', () => receiver.open.delete(response));
      if (receiver.isSilent) return;
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        receiver.text += text;
        const { resourceSpans } = JSON.parse(text) as Batch;
        receiver.spans.push(
          ...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
        );
        answer(response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Requests that wait for an answer. */
  get waiting(): number {
    return this.open.size;
  }

  /** What comes from here on is answered, too. */
  answerAll(): void {
    this.isSilent = false;
    for (const response of this.open) answer(response);
  }

  ofTrace(traceId: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

function answer(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
}

/** The attributes of a span by their names. */
export function attributesOf({ attributes }: ReceivedSpan): Record<string, string | number | undefined> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? (value.intValue === undefined ? undefined : Number(value.intValue)),
    ]),
  );
}
