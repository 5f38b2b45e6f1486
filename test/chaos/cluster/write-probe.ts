import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Member } from './member.js';

/** Milliseconds after which the answer is no, whatever comes of what was asked. */
const LOOK_MS = 100;
/** Milliseconds after which a commit is given up, and its connection with it. */
const COMMIT_MS = 1000;

// A transaction that writes, and leaves no row behind.
const WRITE = `SELECT pg_logical_emit_message(true, 'chaos', '')`;

/** Whether any member commits, asked of each directly, whatever is done to the network between them and others. */
export class WriteProbe {
  private readonly lines = new Map<Member, Client>();
  /** One write at a time for each; one that is slow is waited for by those who ask meanwhile. */
  private readonly underWay = new Map<Member, Promise<void>>();

  constructor(private readonly members: readonly Member[]) {}

  async isWritable(): Promise<boolean> {
    const writes = this.members.map((member) => {
      const write = this.underWay.get(member) ?? this.write(member);
      this.underWay.set(member, write);
      return write;
    });
    const any = Promise.any(writes).then(
      () => true,
      () => false,
    );
    return Promise.race([any, sleep(LOOK_MS, false)]);
  }

  stop(): void {
    for (const member of this.members) this.disconnect(member);
  }

  private async write(member: Member): Promise<void> {
    try {
      const line = this.lines.get(member) ?? (await this.connect(member));
      await within(COMMIT_MS, commit(line));
    } catch (error) {
      this.disconnect(member);
      throw error;
    } finally {
      this.underWay.delete(member);
    }
  }

  private async connect(member: Member): Promise<Client> {
    const line = member.connection();
    this.lines.set(member, line);
    await line.connect();
    return line;
  }

  private disconnect(member: Member): void {
    const line = this.lines.get(member);
    this.lines.delete(member);
    void line?.end().catch(() => undefined);
  }
}

async function commit(line: Client): Promise<void> {
  // A commit that was given up while it waited for a standby is answered with success, and with a warning.
  const warnings: unknown[] = [];
  const note = (notice: unknown): void => {
    warnings.push(notice);
  };
  line.on('notice', note);
  try {
    await line.query(WRITE);
  } finally {
    line.off('notice', note);
  }
  if (warnings.length > 0) throw new Error('It has not waited for a standby', { cause: warnings[0] });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const tooLate = sleep(ms, undefined, { signal: over.signal }).then(() => {
    throw new Error('It has not come in time');
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    over.abort();
    tooLate.catch(() => undefined);
  }
}
