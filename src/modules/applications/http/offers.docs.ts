import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { ApplicationDto } from './application.dto.js';
import { APPLICATION_ID_IN_PATH } from './applications.docs.js';
import { OFFER_ID, OfferPageDto } from './offer.dto.js';

const OFFER_ID_IN_PATH = {
  name: 'offerId',
  description: 'The id of the offer.',
  schema: { type: 'string', ...OFFER_ID },
};

export const OffersDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Applications'), ApiBearerAuth('bearer'));

export const ListOffersDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listOffers',
      summary: 'List what is offered to you, newest first',
      description:
        'Open offers of memberships and of ownership: nothing of it is yours until you accept. An offer is open for ' +
        'seven days, unless an owner withdraws it, or who made it is an owner no longer.',
    }),
    ApiOkResponse({ type: OfferPageDto }),
    ApiProblems('validation_failed', 'invalid_cursor', 'insufficient_scope', 'insufficient_role'),
  );

export const ListOffersOfApplicationDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listOffersOfApplication',
      summary: "List an application's open offers, newest first",
      description: 'For owners and admins. They are made by `putMember` and `transferApplication`.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: OfferPageDto }),
    ApiProblems('validation_failed', 'invalid_cursor', 'insufficient_scope'),
  );

export const AcceptOfferDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'acceptOffer',
      summary: 'Accept an offer',
      description:
        'You are a member from then on, and have the role. By accepting a transfer you also become the one whom the ' +
        'application and every verification of its keys name (`ownerId`): when this is answered, none names the former ' +
        'owner any more. Who made the transfer becomes an admin; further owners stay.',
    }),
    ApiParam(OFFER_ID_IN_PATH),
    ApiOkResponse({ type: ApplicationDto, description: 'The application, as it is now.' }),
    ApiProblems(
      'validation_failed',
      'insufficient_scope',
      'member_limit_reached',
      'application_limit_reached',
      'last_owner',
    ),
  );

export const DeclineOfferDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'declineOffer',
      summary: 'Decline an offer',
      description: 'It is gone then. Owners may make another.',
    }),
    ApiParam(OFFER_ID_IN_PATH),
    ApiNoContentResponse({ description: 'Declined.' }),
    ApiProblems('validation_failed', 'insufficient_scope'),
  );

export const WithdrawOfferDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'withdrawOffer',
      summary: 'Withdraw an offer',
      description: 'For every owner, whoever made it. When this is answered, nobody can accept it any more.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiParam(OFFER_ID_IN_PATH),
    ApiNoContentResponse({ description: 'Withdrawn.' }),
    ApiProblems('validation_failed', 'insufficient_scope', 'offer_not_found'),
  );
