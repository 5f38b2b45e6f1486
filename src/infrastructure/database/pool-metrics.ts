import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Metrics } from '../metrics/metrics.js';
import { poolOf } from './pool.js';

/** Tells an operator whether the pool is too small: callers that wait for a connection are a queue. */
@Injectable()
export class PoolMetrics {
  constructor(@InjectDataSource() dataSource: DataSource, metrics: Metrics) {
    metrics.gauge({
      name: 'upblit_database_connections',
      help: 'Connections to PostgreSQL that are busy or idle, and callers that wait for one.',
      labelNames: ['state'],
      collect() {
        const { totalCount, idleCount, waitingCount } = poolOf(dataSource);
        this.set({ state: 'busy' }, totalCount - idleCount);
        this.set({ state: 'idle' }, idleCount);
        this.set({ state: 'waiting' }, waitingCount);
      },
    });
    const waits = metrics.histogram({
      name: 'upblit_database_connection_wait_seconds',
      help: 'Seconds that a caller waited for a connection to PostgreSQL.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    });
    const failures = metrics.counter({
      name: 'upblit_database_connection_failures_total',
      help: 'Callers that got no connection to PostgreSQL: none was free in time, or none could be made.',
    });
    poolOf(dataSource).onWaited = (milliseconds, isLent) => {
      if (isLent) waits.observe(milliseconds / 1000);
      else failures.inc();
    };
  }
}
