import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ENV, type Env } from '../../config/env.js';
import { Public } from '../../shared/http/public.decorator.js';
import { RouteSettings } from '../../shared/http/route-settings.js';
import { Metrics } from '../metrics/metrics.js';
import { demandToken } from './demand-token.js';
import { HealthDto, ReadinessDto } from './health.dto.js';
import { Impairments } from '../../shared/impairments.js';
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
    private readonly impairments: Impairments,
    @Inject(ENV) private readonly env: Pick<Env, 'METRICS_TOKEN'>,
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
  async ready(): Promise<ReadinessDto> {
    await this.readiness.check();
    const detail = this.impairments.describe();
    return { status: 'ok', ...(detail !== undefined && { detail }) };
  }

  @Get('metrics')
  @RouteSettings({ isLogged: false })
  @GetMetricsDocs()
  async metricsText(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    demandToken(request.raw, this.env.METRICS_TOKEN);
    reply.header('content-type', this.metrics.contentType);
    return this.metrics.render();
  }
}
