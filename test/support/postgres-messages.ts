/** Takes apart what a PostgreSQL server says: a letter, a length that counts itself, and the rest. */
export class PostgresMessages {
  private rest: Buffer = Buffer.alloc(0);

  /** The whole messages that have come with these bytes; the beginning of another is kept for the next ones. */
  take(bytes: Buffer): Buffer[] {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    const whole: Buffer[] = [];
    while (this.rest.length >= 5) {
      const size = 1 + this.rest.readInt32BE(1);
      if (this.rest.length < size) break;
      whole.push(this.rest.subarray(0, size));
      this.rest = this.rest.subarray(size);
    }
    return whole;
  }
}

/** Whether a message is a NotificationResponse: something that LISTEN was for. */
export function isNotification(message: Buffer): boolean {
  return message[0] === 0x41;
}

/** Whether a message is a ReadyForQuery: everything before it has been answered. */
export function isReadyForQuery(message: Buffer): boolean {
  return message[0] === 0x5a;
}
