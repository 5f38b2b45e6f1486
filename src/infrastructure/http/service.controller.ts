import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '../../shared/http/public.decorator.js';
import { RouteSettings } from '../../shared/http/route-settings.js';
import { Metrics } from '../metrics/metrics.js';
import { HealthDto } from './health.dto.js';
import { Readiness } from './readiness.js';
import { GetLivenessDocs, GetMetricsDocs, GetReadinessDocs, ServiceDocs } from './service.docs.js';

/** For those who run the service. */
@ServiceDocs()
@Public()
@Controller()
export class ServiceController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  @RouteSettings({ isLogged: false })
  @GetLivenessDocs()
  live(): HealthDto {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @RouteSettings({ isLogged: false })
  @GetReadinessDocs()
  async ready(): Promise<HealthDto> {
    await this.readiness.check();
    return { status: 'ok' };
  }

  @Get('metrics')
  @RouteSettings({ isLogged: false })
  @GetMetricsDocs()
  async metricsText(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.header('content-type', this.metrics.contentType);
    return this.metrics.render();
  }
}
