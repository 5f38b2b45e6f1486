import type { Socket } from 'node:net';

interface Piece {
  /** The end of the connection when there is no data. */
  data?: Buffer;
  /** Not before this (monotonic milliseconds). */
  at: number;
}

/** One direction of a connection. Whatever is done to it, what gets through keeps its order. */
export class TcpPipe {
  /** Milliseconds by which everything comes late. */
  delayMs = 0;
  /** The same for each piece by itself, on top. */
  jitterMs: () => number = () => 0;
  /** What comes is lost, and nobody is told. */
  loses = false;
  private held = false;
  private readonly queue: Piece[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly to: Socket) {}

  push(data: Buffer): void {
    if (!this.loses) this.enqueue(data);
  }

  /** The sender has closed: the receiver is told in its turn. */
  end(): void {
    this.enqueue(undefined);
  }

  /** Keeps everything back, the end of the connection too. */
  hold(): void {
    this.held = true;
  }

  /** Lets through at once what was held or late, and what comes. */
  restore(): void {
    this.held = false;
    this.delayMs = 0;
    this.jitterMs = () => 0;
    this.loses = false;
    for (const piece of this.queue) piece.at = 0;
    this.flush();
  }

  private enqueue(data: Buffer | undefined): void {
    this.queue.push({ ...(data && { data }), at: performance.now() + this.delayMs + this.jitterMs() });
    if (this.queue.length === 1) this.flush();
  }

  private flush(): void {
    clearTimeout(this.timer);
    for (;;) {
      const [piece] = this.queue;
      if (piece === undefined || this.held) return;
      const early = piece.at - performance.now();
      if (early > 0) {
        this.timer = setTimeout(() => {
          this.flush();
        }, early).unref();
        return;
      }
      this.queue.shift();
      if (piece.data === undefined) this.to.destroySoon();
      else if (!this.to.destroyed) this.to.write(piece.data);
    }
  }
}
