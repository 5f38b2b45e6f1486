import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../../shared/actor.js';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { readUuid } from '../../../shared/http/uuid.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { WebhookService } from '../application/webhook.service.js';
import {
  ChangeWebhookDto,
  CreatedWebhookDto,
  CreateWebhookDto,
  DeliveryDto,
  DeliveryPageDto,
  ListDeliveriesQueryDto,
  RotateWebhookSecretDto,
  toDeliveryResponse,
  toWebhookDetailsResponse,
  toWebhookResponse,
  WebhookDetailsDto,
  WebhookDto,
  WebhookPageDto,
  WebhookSecretDto,
} from './webhook.dto.js';
import {
  ChangeWebhookDocs,
  CreateWebhookDocs,
  DeleteWebhookDocs,
  GetWebhookDocs,
  ListDeliveriesDocs,
  ListWebhooksDocs,
  ResendDeliveryDocs,
  RotateWebhookSecretDocs,
  TestWebhookDocs,
  WebhooksDocs,
} from './webhooks.docs.js';

@WebhooksDocs()
@Controller('applications/:id/webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhookService) {}

  @Post()
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-webhooks' })
  @Header('Cache-Control', 'no-store')
  @CreateWebhookDocs()
  async create(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Body() body: CreateWebhookDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedWebhookDto> {
    const { webhook, secret } = await this.webhooks.create(actor, application.id, body);
    reply.header('Location', `/applications/${application.id}/webhooks/${webhook.id}`);
    return { ...toWebhookResponse(webhook), secret: secret.reveal() };
  }

  @Get()
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', permission: 'read-webhooks' })
  @ListWebhooksDocs()
  async list(
    @CurrentApplication() application: Application,
    @Query() query: PageQueryDto,
  ): Promise<WebhookPageDto> {
    const page = await this.webhooks.list(application.id, query);
    return { ...page, data: page.data.map(toWebhookDetailsResponse) };
  }

  @Get(':webhookId')
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', permission: 'read-webhooks' })
  @GetWebhookDocs()
  async get(
    @CurrentApplication() application: Application,
    @Param('webhookId') webhookId: string,
  ): Promise<WebhookDetailsDto> {
    return toWebhookDetailsResponse(
      await this.webhooks.get(application.id, readUuid('webhookId', webhookId)),
    );
  }

  @Patch(':webhookId')
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-webhooks' })
  @ChangeWebhookDocs()
  async change(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Param('webhookId') webhookId: string,
    @Body() body: ChangeWebhookDto,
  ): Promise<WebhookDto> {
    const id = readUuid('webhookId', webhookId);
    return toWebhookResponse(await this.webhooks.change(actor, application.id, id, body));
  }

  @Delete(':webhookId')
  @HttpCode(204)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-webhooks' })
  @DeleteWebhookDocs()
  async delete(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Param('webhookId') webhookId: string,
  ): Promise<void> {
    await this.webhooks.delete(actor, application.id, readUuid('webhookId', webhookId));
  }

  @Post(':webhookId/rotate')
  @HttpCode(200)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-webhooks' })
  @Header('Cache-Control', 'no-store')
  @RotateWebhookSecretDocs()
  async rotate(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Param('webhookId') webhookId: string,
    @Body() body?: RotateWebhookSecretDto,
  ): Promise<WebhookSecretDto> {
    const id = readUuid('webhookId', webhookId);
    const { webhook, secret } = await this.webhooks.rotate(actor, application.id, id, body?.overlapSeconds);
    return {
      secret: secret.reveal(),
      previousSecretUntil: webhook.previousUntil?.toISOString() ?? null,
    };
  }

  @Post(':webhookId/test')
  @HttpCode(202)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-webhooks' })
  @TestWebhookDocs()
  async test(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Param('webhookId') webhookId: string,
  ): Promise<DeliveryDto> {
    const id = readUuid('webhookId', webhookId);
    return toDeliveryResponse(await this.webhooks.test(actor, application.id, id));
  }

  @Get(':webhookId/deliveries')
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', permission: 'read-webhooks' })
  @ListDeliveriesDocs()
  async deliveries(
    @CurrentApplication() application: Application,
    @Param('webhookId') webhookId: string,
    @Query() query: ListDeliveriesQueryDto,
  ): Promise<DeliveryPageDto> {
    const id = readUuid('webhookId', webhookId);
    const page = await this.webhooks.listDeliveries(application.id, id, query);
    return { ...page, data: page.data.map(toDeliveryResponse) };
  }

  @Post(':webhookId/deliveries/:deliveryId/resend')
  @HttpCode(202)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-webhooks' })
  @ResendDeliveryDocs()
  async resend(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Param('webhookId') webhookId: string,
    @Param('deliveryId') deliveryId: string,
  ): Promise<DeliveryDto> {
    const id = readUuid('webhookId', webhookId);
    const messageId = readUuid('deliveryId', deliveryId);
    return toDeliveryResponse(await this.webhooks.resend(actor, application.id, id, messageId));
  }
}
