import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { APPLICATION_ID_IN_PATH } from '../../applications/index.js';
import { NotificationsDto, PutNotificationsDto } from './notifications.dto.js';

export const NotificationsDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Webhooks'), ApiBearerAuth('bearer'));

export const GetNotificationsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getNotifications',
      summary: 'Whether you are mailed of the keys of an application',
      description: 'Each owner and admin says it for themselves.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: NotificationsDto }),
    ApiProblems('validation_failed', 'insufficient_scope'),
  );

export const PutNotificationsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'putNotifications',
      summary: 'Be mailed of expiring and leaked keys, or no longer',
      description:
        '14, 7 and 1 days before a key expires, and when it has leaked. Mails go to the email of your account, once you ' +
        'have verified it, and for as long as you are an owner or admin.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiBody({
      type: PutNotificationsDto,
      examples: { stop: { summary: 'No mails', value: { mail: false } } },
    }),
    ApiOkResponse({ type: NotificationsDto }),
    ApiProblems('validation_failed', 'insufficient_scope', 'user_not_found'),
  );
