import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { JwksDto } from './jwks.dto.js';

export const JwksDocs = (): ClassDecorator => applyDecorators(ApiTags('Auth'));

export const GetJwksDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getJwks',
      summary: 'The public keys of the access tokens (RFC 7517)',
      description: 'Whoever is handed one of our access tokens verifies it with these. May be cached.',
    }),
    ApiOkResponse({ type: JwksDto }),
  );
