import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AccessTokenIssuer } from '../application/access-token-issuer.js';
import { JwksDto } from './jwks.dto.js';
import { Public } from '../../../shared/http/public.decorator.js';

@ApiTags('Auth')
@Controller('.well-known')
export class JwksController {
  constructor(private readonly accessTokens: AccessTokenIssuer) {}

  @Get('jwks.json')
  @Public()
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({
    operationId: 'getJwks',
    summary: 'The public keys of the access tokens (RFC 7517)',
    description: 'Whoever is handed one of our access tokens verifies it with these. May be cached.',
  })
  @ApiOkResponse({ type: JwksDto })
  getKeys(): JwksDto {
    return { keys: this.accessTokens.publicKeys() };
  }
}
