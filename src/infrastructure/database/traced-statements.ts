import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { traceStatements } from '../tracing/trace-statements.js';
import { Tracing } from '../tracing/tracing.js';
import { poolOf } from './pool.js';

/** Has the statements of requests traced, when anything is. */
@Injectable()
export class TracedStatements {
  constructor(@InjectDataSource() dataSource: DataSource, { tracer }: Tracing) {
    if (tracer !== undefined) traceStatements(poolOf(dataSource), tracer);
  }
}
