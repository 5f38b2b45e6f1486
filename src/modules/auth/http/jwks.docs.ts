import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { JwksDto } from './jwks.dto.js';

export const JwksDocs = (): ClassDecorator => applyDecorators(ApiTags('Auth'));

export const GetJwksDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getJwks',
      summary: 'The public keys of this service (RFC 7517)',
      description:
        'Whoever is handed one of our access tokens, or a checkpoint of the audit trail, verifies it with the one that ' +
        'its `kid` names. May be cached.',
    }),
    ApiOkResponse({ type: JwksDto }),
  );
