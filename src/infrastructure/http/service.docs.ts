import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../shared/http/api-problems.decorator.js';
import { HealthDto, ReadinessDto } from './health.dto.js';

export const ServiceDocs = (): ClassDecorator => applyDecorators(ApiTags('Service'));

export const GetLivenessDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getLiveness',
      summary: 'Is the process alive?',
      description: 'Looks at nothing else: a process whose database is away must not be restarted for it.',
    }),
    ApiOkResponse({ type: HealthDto, description: 'The process answers.' }),
  );

export const GetReadinessDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getReadiness',
      summary: 'Should requests be sent here?',
      description:
        'The database answers within a second and has every migration of this build, and the process is not ' +
        'shutting down. `detail` of a 503 says which of them is not so; that of a 200 says what ' +
        'else does not work, such as the Redis of the rate limits.',
    }),
    ApiOkResponse({ type: ReadinessDto, description: 'Send requests.' }),
    ApiProblems('service_unavailable'),
  );

export const GetMetricsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getMetrics',
      summary: 'Counts and times, for Prometheus',
      description:
        'In the text format of Prometheus. Holds no ids and no secrets, but keep it from the public all the same: ' +
        'with `METRICS_TOKEN` it is answered to nobody who does not send that as `Authorization: Bearer`.',
    }),
    ApiProblems('unauthenticated', 'invalid_token', 'multiple_credentials'),
    ApiOkResponse({
      description: 'The metrics.',
      content: {
        'text/plain': {
          schema: { type: 'string' },
          example: 'upblit_http_requests_total{method="POST"} 1\n',
        },
      },
    }),
  );
