import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ENV, type Env } from '../../config/env.js';
import { dataSourceOptions } from './data-source.js';

/** The pool of connections every repository shares. Each module registers its own entity schemas. */
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [ENV],
      useFactory: (env: Env) => ({
        ...dataSourceOptions({
          url: env.DATABASE_URL ?? '',
          poolSize: env.DATABASE_POOL_SIZE,
          poolWaitMs: env.DATABASE_POOL_WAIT_MS,
          statementTimeoutMs: env.DATABASE_STATEMENT_TIMEOUT_MS,
        }),
        autoLoadEntities: true,
      }),
    }),
  ],
})
export class DatabaseModule {}
