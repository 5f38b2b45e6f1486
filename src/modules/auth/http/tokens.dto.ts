import { ApiProperty, OmitType } from '@nestjs/swagger';
import type { SignedIn } from '../application/auth.service.js';
import { SCOPES } from '../../../shared/scopes.js';

export class UserDto {
  @ApiProperty({ format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' })
  id!: string;

  @ApiProperty({ format: 'email', example: 'ann@example.org' })
  email!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Ann' })
  name!: string | null;
}

export class TokensDto {
  @ApiProperty({
    description: 'A JWT (RFC 9068), for Authorization: Bearer.',
    example: 'eyJhbGciOiJFUzI1NiIs…',
  })
  accessToken!: string;

  @ApiProperty({
    description: 'Opaque. Good once, for the next tokens, and until 30 days after the login.',
    example: 'upblit_rt_…',
  })
  refreshToken!: string;

  @ApiProperty({ enum: ['Bearer'] })
  tokenType!: 'Bearer';

  @ApiProperty({ description: 'Seconds the access token is valid for.', type: 'integer', example: 900 })
  expiresIn!: number;

  @ApiProperty({ description: 'Space-separated.', example: SCOPES.join(' ') })
  scope!: string;

  @ApiProperty({ type: UserDto })
  user!: UserDto;
}

/** Of a login whose refresh token is in a cookie. */
export class BrowserTokensDto extends OmitType(TokensDto, ['refreshToken'] as const) {}

/** The only place that says what of a login leaves the service. */
export function toTokens(signedIn: SignedIn): TokensDto {
  const { id, email, name } = signedIn.user;
  return {
    accessToken: signedIn.accessToken,
    refreshToken: signedIn.refreshToken.reveal(),
    tokenType: 'Bearer',
    expiresIn: signedIn.expiresIn,
    scope: signedIn.scopes.join(' '),
    user: { id, email, name },
  };
}
