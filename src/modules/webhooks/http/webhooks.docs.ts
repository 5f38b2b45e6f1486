import { applyDecorators } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { APPLICATION_ID_IN_PATH } from '../../applications/index.js';
import { WEBHOOK_EVENT_TYPES } from '../domain/webhook-event.js';
import {
  ChangeWebhookDto,
  CreatedWebhookDto,
  CreateWebhookDto,
  DeliveryDto,
  DeliveryPageDto,
  RotateWebhookSecretDto,
  WebhookDetailsDto,
  WebhookDto,
  WebhookPageDto,
  WebhookSecretDto,
} from './webhook.dto.js';

const WEBHOOK_ID = '019b76da-a800-7000-8000-000000000005';

const WEBHOOK_ID_IN_PATH = {
  name: 'webhookId',
  description: 'The id of the webhook.',
  schema: { type: 'string', format: 'uuid', example: WEBHOOK_ID },
};

const DELIVERY_ID_IN_PATH = {
  name: 'deliveryId',
  description: 'The id of the delivery: the `webhook-id` that its receiver has seen.',
  schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000006' },
};

export const WebhooksDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Webhooks'), ApiBearerAuth('bearer'));

const OfApplication = (): MethodDecorator =>
  applyDecorators(ApiParam(APPLICATION_ID_IN_PATH), ApiProblems('validation_failed', 'insufficient_scope'));

const OfWebhook = (): MethodDecorator =>
  applyDecorators(OfApplication(), ApiParam(WEBHOOK_ID_IN_PATH), ApiProblems('webhook_not_found'));

export const CreateWebhookDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'createWebhook',
      summary: 'Have the events of an application posted to a URL',
      description:
        'For owners and admins; ten of an application at most. Each event is a `POST` with a JSON body ' +
        '`{type, timestamp, data}`, signed as [Standard Webhooks](https://www.standardwebhooks.com) say: in ' +
        '`webhook-id`, `webhook-timestamp` and `webhook-signature`. It arrives at least once, so look whether you have ' +
        'seen its `webhook-id`; events of one key arrive in their order. An answer of 200 to 299 within ten seconds ' +
        'takes it; 410 disables the webhook; anything else is tried again over a day. Redirects are not followed, and ' +
        'private addresses are not called. The events:\n\n' +
        Object.entries(WEBHOOK_EVENT_TYPES)
          .map(([type, says]) => `- \`${type}\`: ${says}`)
          .join('\n'),
    }),
    OfApplication(),
    ApiBody({
      type: CreateWebhookDto,
      examples: {
        all: { summary: 'Everything', value: { url: 'https://hooks.example.com/upblit' } },
        some: {
          summary: 'What ends keys, and who leaves',
          value: {
            url: 'https://hooks.example.com/upblit',
            events: ['key.revoked', 'key.expiring', 'member.removed'],
          },
        },
      },
    }),
    ApiCreatedResponse({
      type: CreatedWebhookDto,
      headers: {
        Location: {
          description: 'The path of the webhook.',
          schema: { type: 'string' },
          example: `/applications/${APPLICATION_ID_IN_PATH.schema.example}/webhooks/${WEBHOOK_ID}`,
        },
      },
    }),
    ApiProblems('webhook_limit_reached'),
  );

export const ListWebhooksDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listWebhooks',
      summary: "List an application's webhooks, newest first",
      description: 'For owners and admins. Their secrets are never shown again.',
    }),
    OfApplication(),
    ApiOkResponse({ type: WebhookPageDto }),
    ApiProblems('invalid_cursor'),
  );

export const GetWebhookDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getWebhook',
      summary: 'Read one webhook (never its secret)',
      description: 'For owners and admins.',
    }),
    OfWebhook(),
    ApiOkResponse({ type: WebhookDetailsDto }),
  );

export const ChangeWebhookDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'changeWebhook',
      summary: 'Change, disable or enable a webhook',
      description:
        'Fields that are left out stay as they are. What is waiting is sent to the new URL; what waits for a webhook ' +
        'that is disabled is given up, and can be sent once more.',
    }),
    OfWebhook(),
    ApiBody({
      type: ChangeWebhookDto,
      examples: {
        disable: { summary: 'Send nothing', value: { enabled: false } },
        less: { summary: 'Send less', value: { events: ['key.leaked'] } },
      },
    }),
    ApiOkResponse({ type: WebhookDto }),
  );

export const DeleteWebhookDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'deleteWebhook',
      summary: 'Delete a webhook',
      description: 'Nothing more is sent to it. What is under way at the moment may still arrive.',
    }),
    OfWebhook(),
    ApiNoContentResponse({ description: 'Deleted.' }),
  );

export const RotateWebhookSecretDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'rotateWebhookSecret',
      summary: 'Give a webhook a new secret',
      description:
        'Until the overlap ends deliveries hold two signatures, one of each secret: a receiver takes what either of ' +
        'them verifies. A secret that a former rotation has left ends at once.',
    }),
    OfWebhook(),
    ApiBody({
      type: RotateWebhookSecretDto,
      required: false,
      examples: { leaked: { summary: 'The former one ends at once', value: { overlapSeconds: 0 } } },
    }),
    ApiOkResponse({ type: WebhookSecretDto }),
  );

export const TestWebhookDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'testWebhook',
      summary: 'Send a test event',
      description:
        'An event `webhook.test`, whatever the webhook is for. Look at its delivery to see what became of it.',
    }),
    OfWebhook(),
    ApiAcceptedResponse({ type: DeliveryDto, description: 'It will be sent at once.' }),
    ApiProblems('webhook_disabled', 'test_events_waiting'),
  );

export const ListDeliveriesDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listWebhookDeliveries',
      summary: 'What was sent to a webhook, and what it answered, newest first',
      description: 'What was delivered or given up is kept for seven days, and the last 10,000 at most.',
    }),
    OfWebhook(),
    ApiOkResponse({ type: DeliveryPageDto }),
    ApiProblems('invalid_cursor'),
  );

export const ResendDeliveryDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'resendWebhookDelivery',
      summary: 'Send an event once more',
      description:
        'Whatever became of it; one that waits for its next attempt is tried at once. Its `webhook-id` and its body are ' +
        'the same as before.',
    }),
    OfWebhook(),
    ApiParam(DELIVERY_ID_IN_PATH),
    ApiAcceptedResponse({ type: DeliveryDto, description: 'It will be sent at once.' }),
    ApiProblems('delivery_not_found', 'webhook_disabled'),
  );
