import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import type { FederatedSignedIn } from '../application/federated-session.service.js';

export class SignInLocationDto {
  @ApiProperty({
    format: 'uri',
    description: 'Where the browser is to go.',
    example: 'https://login.example.com/authorize?client_id=dashboard&response_type=code',
  })
  location!: string;
}

export class SignOutLocationDto {
  @ApiProperty({
    type: String,
    format: 'uri',
    nullable: true,
    description:
      'Where the browser is to go to be signed out at the provider, too; null when there is no such place.',
    example: 'https://login.example.com/logout?client_id=dashboard&logout_hint=ann',
  })
  location!: string | null;
}

export class FinishSignInDto {
  @ApiProperty({
    maxLength: 4096,
    description: 'The query of the address that the provider has sent the browser back to, as it is.',
    example: 'code=…&state=…&iss=https%3A%2F%2Flogin.example.com%2F',
  })
  @IsString()
  @MaxLength(4096)
  response!: string;
}

export class FederatedUserDto {
  @ApiProperty({ description: 'The `sub` of their access tokens.', example: 'auth0|ann' })
  id!: string;

  @ApiProperty({ description: 'The `iss` of their access tokens.', example: 'https://login.example.com/' })
  issuer!: string;

  @ApiProperty({ type: String, nullable: true, example: 'ann@example.org' })
  email!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Ann' })
  name!: string | null;
}

export class FederatedTokensDto {
  @ApiProperty({
    description: "The provider's access token, for Authorization: Bearer.",
    example: 'eyJhbGciOiJFUzI1NiIs…',
  })
  accessToken!: string;

  @ApiProperty({ enum: ['Bearer'] })
  tokenType!: 'Bearer';

  @ApiProperty({ description: 'Seconds the access token is valid for.', type: 'integer', example: 900 })
  expiresIn!: number;

  @ApiProperty({
    description: 'What this service lets it do, space-separated.',
    example: 'applications:read apikeys:read',
  })
  scope!: string;

  @ApiProperty({ type: FederatedUserDto })
  user!: FederatedUserDto;
}

/** The only place that says what of such a login leaves the service, but for its cookie. */
export function toFederatedTokens(signedIn: FederatedSignedIn): FederatedTokensDto {
  const { accessToken, expiresIn, scopes, user } = signedIn;
  const { id, issuer, email, name } = user;
  return {
    accessToken,
    tokenType: 'Bearer',
    expiresIn,
    scope: scopes.join(' '),
    user: { id, issuer, email, name },
  };
}
