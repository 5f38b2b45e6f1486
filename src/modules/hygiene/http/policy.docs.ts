import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { APPLICATION_ID_IN_PATH } from '../../applications/index.js';
import { ChangedPolicyDto } from './hygiene.dto.js';
import { PolicyDto } from './policy.dto.js';

export const PolicyDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Policy and hygiene'), ApiBearerAuth('bearer'));

export const GetPolicyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getPolicy',
      summary: 'Read what an application demands of its keys',
      description: 'For every member of it. Until somebody sets a policy, it demands nothing.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: PolicyDto }),
    ApiProblems('validation_failed', 'insufficient_scope'),
  );

export const ChangePolicyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'changePolicy',
      summary: 'Change what an application demands of its keys',
      description:
        'Fields that are left out stay as they are. Once it is answered, keys that are issued, imported or changed obey ' +
        'it, or are refused as `policy_violation`; what makes a key safer is never refused. Keys that there are already go ' +
        'on working, and those that break it are named.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: ChangedPolicyDto }),
    ApiProblems('validation_failed', 'insufficient_scope', 'edit_conflict'),
  );
