import { Body, Controller, Get, Put } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { NotificationsService } from '../application/notifications.service.js';
import { GetNotificationsDocs, NotificationsDocs, PutNotificationsDocs } from './notifications.docs.js';
import { NotificationsDto, PutNotificationsDto } from './notifications.dto.js';

/** About whoever calls, in an application. */
@NotificationsDocs()
@Controller('applications/:id/notifications')
export class NotificationsController {
  constructor(private readonly notifications: NotificationsService) {}

  @Get()
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', permission: 'read-webhooks' })
  @GetNotificationsDocs()
  async get(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
  ): Promise<NotificationsDto> {
    return {
      mail: await this.notifications.isMailed(actor, application.id),
      mailAvailable: this.notifications.isAvailable,
    };
  }

  @Put()
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-webhooks' })
  @PutNotificationsDocs()
  async put(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Body() { mail }: PutNotificationsDto,
  ): Promise<NotificationsDto> {
    await this.notifications.setMailed(actor, application.id, mail);
    return { mail, mailAvailable: this.notifications.isAvailable };
  }
}
