import { Controller, Get, Header } from '@nestjs/common';
import { PublishedKeys } from '../application/published-keys.js';
import { AccessTokenIssuer } from '../domain/access-token-issuer.js';
import { GetJwksDocs, JwksDocs } from './jwks.docs.js';
import { JwksDto } from './jwks.dto.js';
import { Public } from '../../../shared/http/public.decorator.js';

@JwksDocs()
@Controller('.well-known')
export class JwksController {
  constructor(
    private readonly accessTokens: AccessTokenIssuer,
    private readonly others: PublishedKeys,
  ) {}

  @Get('jwks.json')
  @Public()
  @Header('Cache-Control', 'public, max-age=300')
  @GetJwksDocs()
  getKeys(): JwksDto {
    return { keys: [...this.accessTokens.publicKeys(), ...this.others.all] };
  }
}
