import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../../shared/http/public.decorator.js';
import { ApiProblems } from '../../shared/http/api-problems.decorator.js';
import { RouteSettings } from '../../shared/http/route-settings.js';
import { Metrics } from '../metrics/metrics.js';
import { Readiness } from './readiness.js';

class HealthDto {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

/** For those who run the service. */
@ApiTags('Service')
@Public()
@Controller()
export class ServiceController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  @RouteSettings({ isLogged: false })
  @ApiOperation({
    operationId: 'getLiveness',
    summary: 'Is the process alive?',
    description: 'Looks at nothing else: a process whose database is away must not be restarted for it.',
  })
  @ApiOkResponse({ type: HealthDto, description: 'The process answers.' })
  live(): HealthDto {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @RouteSettings({ isLogged: false })
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'Should requests be sent here?',
    description:
      'The database answers within a second and has every migration of this build, and the process is not ' +
      'shutting down. `detail` of a 503 says which of them is not so.',
  })
  @ApiOkResponse({ type: HealthDto, description: 'Send requests.' })
  @ApiProblems('service_unavailable')
  async ready(): Promise<HealthDto> {
    await this.readiness.check();
    return { status: 'ok' };
  }

  @Get('metrics')
  @RouteSettings({ isLogged: false })
  @ApiOperation({
    operationId: 'getMetrics',
    summary: 'Counts and times, for Prometheus',
    description:
      'In the text format of Prometheus. Holds no ids and no secrets, but keep it from the public all the same.',
  })
  @ApiOkResponse({
    description: 'The metrics.',
    content: {
      'text/plain': { schema: { type: 'string' }, example: 'upblit_http_requests_total{method="POST"} 1\n' },
    },
  })
  async metricsText(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.header('content-type', this.metrics.contentType);
    return this.metrics.render();
  }
}
