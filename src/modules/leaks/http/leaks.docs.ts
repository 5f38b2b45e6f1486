import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';

export const LeaksDocs = (): ClassDecorator => ApiTags('Leaks');

export const ReportLeakDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'reportLeakedKeys',
      summary: 'Report keys that were found where others can read them',
      description:
        'For anybody: to have a key is enough. It is revoked, disabled or marked as leaked, as the policy of its application says, and its owners are told. When this has been answered, that holds on every node. The answer is the same for keys and for what is none, and comes after the same time. May be repeated.',
    }),
    ApiNoContentResponse({ description: 'What was to be done is done, if there was anything.' }),
    ApiProblems('validation_failed', 'too_many_requests'),
  );

const GITHUB_LEAK = {
  type: 'object',
  required: ['token', 'type'],
  properties: {
    token: { type: 'string' },
    type: { type: 'string' },
    url: { type: 'string' },
    source: { type: 'string' },
  },
};

const GITHUB_FEEDBACK = {
  type: 'object',
  required: ['token_hash', 'token_type', 'label'],
  properties: {
    token_hash: { type: 'string', description: 'The SHA-256 of the token, in hexadecimal.' },
    token_type: { type: 'string' },
    label: { type: 'string', enum: ['true_positive', 'false_positive'] },
  },
};

export const ReportGithubLeaksDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'reportLeaksByGithub',
      summary: "Take a message of GitHub's secret scanning",
      description:
        'Signed by GitHub (ECDSA, P-256, SHA-256) over the body as it is; at most 4 MiB and 20,000 tokens. 200 says that ' +
        'all of them were dealt with. What takes longer than ten seconds is answered 503 and goes on: the same message, sent ' +
        'again, waits for it.',
    }),
    ApiHeader({ name: 'Github-Public-Key-Identifier', required: true }),
    ApiHeader({ name: 'Github-Public-Key-Signature', required: true }),
    ApiBody({ schema: { type: 'array', items: GITHUB_LEAK } }),
    ApiOkResponse({ schema: { type: 'array', items: GITHUB_FEEDBACK } }),
    ApiProblems('validation_failed', 'malformed_json', 'invalid_signature', 'service_unavailable'),
  );
