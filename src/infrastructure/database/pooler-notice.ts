import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { poolerOf } from './pool.js';

/** Says in the log that a pooler was recognized: the first connection is older than the log. */
@Injectable()
export class PoolerNotice implements OnApplicationBootstrap {
  private readonly logger = new Logger('Database');

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  onApplicationBootstrap(): void {
    poolerOf(this.dataSource).whenFound(() => {
      this.logger.log(
        'DATABASE_URL leads through a connection pooler: statements are sent without names, and each transaction ' +
          'begins with its time-outs.',
      );
    });
  }
}
