import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { RequireScopes } from '../../auth/index.js';
import { KeyExplanationService } from '../application/key-explanation.service.js';
import { TryKeyDocs } from './try-key.docs.js';
import { toExplanationResponse, TryKeyDto, type KeyExplanationDto } from './try-key.dto.js';

/** A POST, because a key has no place in a URL: it changes nothing. */
@Controller('applications/:id/try-key')
export class TryKeyController {
  constructor(private readonly explanations: KeyExplanationService) {}

  @Post()
  @HttpCode(200)
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'path', permission: 'try-keys' })
  @TryKeyDocs()
  async explain(
    @CurrentApplication() { id }: Application,
    @Body() { key, ...request }: TryKeyDto,
    @Req() { ip: address, id: requestId }: FastifyRequest,
  ): Promise<KeyExplanationDto> {
    const caller = { address, requestId, isAnonymous: false };
    return toExplanationResponse(await this.explanations.explain(key, id, request, caller));
  }
}
