import type { INestApplication } from '@nestjs/common';
import type { ErrorCode } from '../../shared/domain-error.js';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { PROBLEM_COMPONENTS, describeProblems, problemExamples, type Operation } from './openapi-problems.js';
import { describeDefaults, nameSchemas } from './openapi-schemas.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const ABOUT = `
Issues, verifies, limits, rotates, revokes and audits API keys for applications that people own.

**A walk:** \`POST /auth/register\` answers an access token: press *Authorize* and paste it. Then \`POST /applications\`,
\`POST /apikey?ApplicationId=…\` for a key, \`POST /applications/{id}/service-keys\` for a service key, and with that
\`POST /apikey/verify\` to ask about the key.

**Conventions.** JSON in and out, UTF-8. Ids are UUIDs, times RFC 3339 in UTC. Fields and query parameters that are not
described are refused with 400, as is a query parameter given twice. Every answer carries \`X-Request-Id\`: the one you
sent, if it is 1 to 128 characters of \`[A-Za-z0-9._-]\`, or a new one.

**Errors** are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem documents with a stable \`code\`. Besides those
named with each call, any call may be answered 404 \`not_found\` for a path that does not exist, 405
\`method_not_allowed\` with \`Allow\`, 408 \`request_timeout\`, 417 \`expectation_failed\` and 431 \`headers_too_large\`.
503 \`service_unavailable\` comes with \`Retry-After\`: the call may be repeated.
`.trim();

const TAGS: readonly [name: string, description: string][] = [
  ['Auth', 'Accounts and tokens of the people who own applications.'],
  ['Applications', 'What keys are issued for, owned by a person.'],
  ['API keys', 'Issue, read, change and revoke the keys of your applications. Needs an access token.'],
  ['Service keys', 'Credentials for machines that verify keys, or manage them.'],
  ['Webhooks', 'Where the events of an application are posted to, and what became of them.'],
  ['Limits and credits', 'What the keys of an application share, and balances.'],
  [
    'Policy and hygiene',
    'What an application demands of its keys, and what is to be done about those it has.',
  ],
  ['Audit', 'Who has changed what.'],
  ['Verification', 'For the services and gateways that receive keys, each of which shows a service key.'],
  ['Usage', 'How often keys are verified, with which verdicts.'],
  ['Denials', 'Why keys are refused, for those whose keys they are.'],
  ['Leaks', 'Reports of keys that were found where others can read them.'],
  ['Service', 'For those who run the service.'],
];

/** The OpenAPI document of everything that is routed. */
export function buildDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Upblit API keys')
    .setDescription(ABOUT)
    .setVersion('0.1.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'The service that serves this page.')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description:
          'An access token of `POST /auth/login`. Where `x-roles` names `service`, a service key with the scope is as good.',
      },
      'bearer',
    )
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'A service key with the scope `keys:verify`.' },
      'service-key',
    )
    .addApiKey(
      {
        type: 'apiKey',
        in: 'header',
        name: 'X-Service-Key',
        description: 'The same, of a gateway, whose client sends `Authorization`.',
      },
      'gateway-service-key',
    )
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key.' }, 'api-key');
  for (const [name, description] of TAGS) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), { autoTagControllers: false });

  const codes = new Set<ErrorCode>();
  for (const item of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined) continue;
      for (const code of describeProblems(operation as Operation)) codes.add(code);
    }
  }
  const schemas = describeDefaults({ ...document.components?.schemas, ...nameSchemas(document.paths) });
  document.info.contact = { name: 'The maintainers of Upblit API keys' };
  document.components = {
    ...document.components,
    schemas: { ...schemas, ...PROBLEM_COMPONENTS.schemas },
    headers: PROBLEM_COMPONENTS.headers,
    examples: problemExamples(codes),
  };
  return document;
}
