import { Client } from 'pg';

/**
 * A connection of the pool that somebody always listens to. While it passes from the pool to who asked for it nobody
 * does, and were it to break in that moment, its `error` event would end the process. Whoever uses it then is told by
 * the rejection of the first statement, and the pool lets go of it.
 */
export class PooledClient extends Client {
  constructor(...config: ConstructorParameters<typeof Client>) {
    super(...config);
    this.on('error', () => undefined);
  }
}
