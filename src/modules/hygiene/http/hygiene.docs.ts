import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { APPLICATION_ID_IN_PATH } from '../../applications/index.js';
import { FINDING_NAMES } from '../domain/finding.js';
import { FoundKeyPageDto, HygieneDto } from './hygiene.dto.js';

export const HygieneDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Policy and hygiene'), ApiBearerAuth('bearer'));

export const GetHygieneDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getHygiene',
      summary: 'Read what is to be done about the keys of an application',
      description:
        'Of the keys that work: those that never expire, are about to, are not used, are due to be rotated, still have an ' +
        'older secret, have wildcards among their scopes, were made by somebody who left, or break the policy. Each ' +
        'finding says what to do, and names its entry of the OWASP Non-Human Identities Top 10 of 2025. Of service keys, ' +
        'and of webhooks that were made by somebody who left, it speaks to owners and admins alone.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: HygieneDto }),
    ApiProblems('validation_failed', 'insufficient_scope'),
  );

export const ListFoundKeysDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listHygieneFinding',
      summary: 'List the keys that one finding is about, newest first',
      description: 'Of the keys that work; of service keys for owners and admins alone.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiParam({
      name: 'finding',
      description: 'What was found.',
      schema: { type: 'string', enum: FINDING_NAMES },
    }),
    ApiOkResponse({ type: FoundKeyPageDto }),
    ApiProblems('validation_failed', 'invalid_cursor', 'insufficient_scope'),
  );
