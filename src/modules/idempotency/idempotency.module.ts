import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ENV, type Env } from '../../config/env.js';
import { AnswerRepository } from './domain/answer.repository.js';
import { IdempotencyService } from './application/idempotency.service.js';
import { AnswerSeals } from './domain/answer-seal.js';
import { ExpiredAnswersPurge } from './infrastructure/expired-answers.purge.js';
import { idempotentAnswerSchema } from './infrastructure/idempotent-answer.schema.js';
import { PostgresAnswerRepository } from './infrastructure/postgres-answer.repository.js';

@Module({
  imports: [TypeOrmModule.forFeature([idempotentAnswerSchema])],
  providers: [
    IdempotencyService,
    ExpiredAnswersPurge,
    { provide: AnswerRepository, useClass: PostgresAnswerRepository },
    {
      provide: AnswerSeals,
      inject: [ENV],
      useFactory: (env: Env) => new AnswerSeals(env.API_KEY_PEPPERS ?? [], env.API_KEY_PEPPER_VERSION),
    },
  ],
  exports: [IdempotencyService],
})
export class IdempotencyModule {}
