import { applyDecorators } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { APPLICATION_ID_IN_PATH } from './applications.docs.js';
import { AssignRoleDto, MemberDto, MemberPageDto, RemovedMemberDto, TransferDto } from './member.dto.js';
import { OfferDto } from './offer.dto.js';

const SUBJECT = {
  name: 'subject',
  description: 'Their `sub`, percent-encoded; of people who registered here, the id of `GET /auth/me`.',
  schema: { type: 'string', minLength: 1, maxLength: 255, example: '019b76da-a800-7000-8000-000000000009' },
};

export const MembersDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Applications'), ApiBearerAuth('bearer'));

export const ListMembersDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listMembers',
      summary: "List an application's members, newest first",
      description:
        'Every member may see who the others are. Owners and admins see by which email those have registered who have ' +
        'an account here; viewers see their ids.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: MemberPageDto }),
    ApiProblems('validation_failed', 'invalid_cursor', 'insufficient_scope'),
  );

export const PutMemberDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'putMember',
      summary: 'Offer somebody a membership, or change the role of a member',
      description:
        'Nobody becomes a member, or an owner, unless they accept: they find the offer with `GET /applications/offers`, ' +
        'and have seven days. Any other role a member has at once. At most one offer to a person is open: this one takes ' +
        'the place of what was offered before, and giving another role withdraws it. People of another issuer are ' +
        'named by its `issuer` too; it must be one whose tokens are accepted here. An application always has an owner.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiParam(SUBJECT),
    ApiBody({
      type: AssignRoleDto,
      examples: {
        local: { summary: 'Of somebody who registered here', value: { role: 'admin' } },
        foreign: {
          summary: 'Of somebody of another issuer',
          value: { role: 'viewer', issuer: 'https://login.example.com/' },
        },
      },
    }),
    ApiOkResponse({ type: MemberDto, description: 'They were a member, and have this role now.' }),
    ApiAcceptedResponse({ type: OfferDto, description: 'They have been offered this role.' }),
    ApiProblems(
      'validation_failed',
      'insufficient_scope',
      'user_not_found',
      'member_limit_reached',
      'last_owner',
    ),
  );

export const RemoveMemberDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'removeMember',
      summary: 'Take a member out, or leave',
      description:
        'Every member may take themselves out but the last owner. When the one whom the application names as its ' +
        'owner leaves, the owner who has been a member for longest takes their place. What was offered to them, or by ' +
        'them, is withdrawn. Their keys stay good: with `revokeKeys=true` all that they made for this application are ' +
        'revoked, service keys among them, and none is accepted any more when this is answered. (Not those that ' +
        'machines have issued with their service keys: those name the service key as `createdBy`.) It may be asked ' +
        'for after somebody was taken out, too; repeat a call that was answered 503. Who leaves may ask for it if they ' +
        'manage keys; a 403 for the repeated call says then that they have left, and that none of these keys is good.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiParam(SUBJECT),
    ApiNoContentResponse({ description: 'They have no part in the application any more.' }),
    ApiOkResponse({
      type: RemovedMemberDto,
      description: 'The same, with `revokeKeys=true`: none of the keys that they made is accepted any more.',
    }),
    ApiProblems('validation_failed', 'insufficient_scope', 'member_not_found', 'last_owner'),
  );

export const TransferApplicationDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'transferApplication',
      summary: 'Offer to hand the ownership on to somebody else',
      description:
        'Nothing changes unless they accept within seven days, with `acceptOffer`. Then they become an owner, and the ' +
        'one whom the application and every verification of its keys name (`ownerId`); you become an admin. Further ' +
        'owners stay. It takes the place of what was offered to them before.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiBody({
      type: TransferDto,
      examples: {
        local: {
          summary: 'To somebody who registered here',
          value: { subject: '019b76da-a800-7000-8000-000000000009' },
        },
        foreign: {
          summary: 'To somebody of another issuer',
          value: { subject: 'auth0|ann', issuer: 'https://login.example.com/' },
        },
      },
    }),
    ApiAcceptedResponse({ type: OfferDto, description: 'It has been offered to them.' }),
    ApiProblems('validation_failed', 'insufficient_scope', 'user_not_found', 'member_limit_reached'),
  );
