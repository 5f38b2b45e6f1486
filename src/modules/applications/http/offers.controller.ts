import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { readUuid } from '../../../shared/http/uuid.js';
import type { Page } from '../../../shared/page.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { OfferService } from '../application/offer.service.js';
import type { Application } from '../domain/application.js';
import type { ListedOffer } from '../domain/offer.repository.js';
import { ApplicationAccess, CurrentApplication } from './application-access.guard.js';
import { ApplicationDto, toApplicationResponse } from './application.dto.js';
import { OfferPageDto, toOfferResponse } from './offer.dto.js';
import {
  AcceptOfferDocs,
  DeclineOfferDocs,
  ListOffersDocs,
  ListOffersOfApplicationDocs,
  OffersDocs,
  WithdrawOfferDocs,
} from './offers.docs.js';
import { ForReceiver, NamesNoApplication } from './route-permission.js';

@OffersDocs()
@Controller('applications')
export class OffersController {
  constructor(private readonly offers: OfferService) {}

  @Get('offers')
  @RequireScopes('applications:read')
  @NamesNoApplication()
  @ListOffersDocs()
  async list(@CurrentActor() actor: Actor, @Query() query: PageQueryDto): Promise<OfferPageDto> {
    return toPageResponse(await this.offers.listTo(actor, query));
  }

  @Post('offers/:offerId/accept')
  @HttpCode(200)
  @RequireScopes('applications:write')
  @ForReceiver()
  @AcceptOfferDocs()
  async accept(@CurrentActor() actor: Actor, @Param('offerId') offerId: string): Promise<ApplicationDto> {
    return toApplicationResponse(await this.offers.accept(actor, readUuid('offerId', offerId)));
  }

  @Post('offers/:offerId/decline')
  @HttpCode(204)
  @RequireScopes('applications:write')
  @ForReceiver()
  @DeclineOfferDocs()
  async decline(@CurrentActor() actor: Actor, @Param('offerId') offerId: string): Promise<void> {
    await this.offers.decline(actor, readUuid('offerId', offerId));
  }

  @Get(':id/offers')
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', permission: 'read-offers' })
  @ListOffersOfApplicationDocs()
  async listOf(
    @CurrentApplication() application: Application,
    @Query() query: PageQueryDto,
  ): Promise<OfferPageDto> {
    return toPageResponse(await this.offers.listOf(application.id, query));
  }

  @Delete(':id/offers/:offerId')
  @HttpCode(204)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-members' })
  @WithdrawOfferDocs()
  async withdraw(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Param('offerId') offerId: string,
  ): Promise<void> {
    await this.offers.withdraw(actor, application.id, readUuid('offerId', offerId));
  }
}

function toPageResponse({ data, nextCursor }: Page<ListedOffer>): OfferPageDto {
  return {
    data: data.map(({ offer, applicationName }) => toOfferResponse(offer, applicationName)),
    nextCursor,
  };
}
