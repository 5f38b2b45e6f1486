import { Controller, Delete, Get, HttpCode, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Origin } from '../../../shared/actor.js';
import { CurrentOrigin, LimitCalls, Public } from '../../auth/index.js';
import { KeyHolderService } from '../application/key-holder.service.js';
import { PresentedKeys } from './presented-key.js';
import { DescribeSelfDocs, GiveUpSelfDocs, SelfDocs } from './self.docs.js';
import { refuseQuery } from './verification-request.js';
import { toHeldKeyResponse, type HeldKeyDto } from './self.dto.js';

/** For whoever holds a key, which is the only credential here. */
@SelfDocs()
@Public()
@Controller('apikey/self')
export class SelfController {
  constructor(
    private readonly holders: KeyHolderService,
    private readonly presented: PresentedKeys,
  ) {}

  @Get()
  @LimitCalls('self')
  @DescribeSelfDocs()
  async describe(
    @Query() query: Record<string, unknown>,
    @Req() { raw, ip, id }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HeldKeyDto> {
    reply.header('Cache-Control', 'no-store');
    this.presented.refuseInQuery(query);
    refuseQuery(query);
    const presented = this.presented.require(raw);
    return toHeldKeyResponse(await this.holders.describe(presented, { address: ip, requestId: id }));
  }

  @Delete()
  @HttpCode(204)
  @LimitCalls('self')
  @GiveUpSelfDocs()
  async giveUp(
    @Query() query: Record<string, unknown>,
    @CurrentOrigin() origin: Origin,
    @Req() { raw }: FastifyRequest,
  ): Promise<void> {
    this.presented.refuseInQuery(query);
    refuseQuery(query);
    await this.holders.giveUp(this.presented.require(raw), origin);
  }
}
