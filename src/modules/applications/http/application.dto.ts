import { ApiProperty, ApiPropertyOptional, PartialType, type ApiPropertyOptions } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsIn, IsOptional, IsString, Length, MaxLength } from 'class-validator';
import { MAX_SCOPES } from '../../../shared/key-scopes.js';
import { NEXT_CURSOR } from '../../../shared/http/page-query.dto.js';
import { Distinct, IsScopeName, Omittable, Trim } from '../../../shared/http/validation.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import {
  APPLICATION_ENVIRONMENTS,
  type Application,
  type ApplicationEnvironment,
} from '../domain/application.js';

const ID = { format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' } as const;

const SCOPES: ApiPropertyOptions = {
  type: [String],
  nullable: true,
  maxItems: MAX_SCOPES,
  example: ['telemetry:read', 'telemetry:write'],
  description: 'The scopes that exist: a key with another is refused. Null, or left out, for any.',
};

export class CreateApplicationDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'checkout-service' })
  @Trim()
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 1000, example: 'Takes the payments.' })
  @IsOptional()
  @Trim()
  @IsString()
  @MaxLength(1000)
  description?: string | null;

  @ApiPropertyOptional({ enum: APPLICATION_ENVIRONMENTS, default: 'production' })
  @Omittable()
  @IsIn(APPLICATION_ENVIRONMENTS)
  environment?: ApplicationEnvironment;

  @ApiPropertyOptional(SCOPES)
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_SCOPES)
  @Distinct()
  @IsScopeName({ each: true })
  scopes?: string[] | null;
}

/** Left out means unchanged; only the description and the scopes may be null. */
export class ChangeApplicationDto extends PartialType(CreateApplicationDto, { skipNullProperties: false }) {}

export class ApplicationDto {
  @ApiProperty(ID)
  id!: string;

  @ApiProperty({ example: 'checkout-service' })
  name!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Takes the payments.' })
  description!: string | null;

  @ApiProperty({ enum: APPLICATION_ENVIRONMENTS })
  environment!: ApplicationEnvironment;

  @ApiProperty(SCOPES)
  scopes!: string[] | null;

  @ApiProperty({ description: "The `sub` of the owner's tokens.", example: ID.example })
  ownerId!: string;

  @ApiPropertyOptional({
    description: "The issuer of the owner's tokens, when it is another one than this service.",
    example: 'https://login.example.com/',
  })
  ownerIssuer?: string;

  @ApiProperty({ format: 'date-time', example: '2026-05-27T10:00:00.000Z' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', example: '2026-05-27T10:00:00.000Z' })
  updatedAt!: string;
}

export class ApplicationPageDto {
  @ApiProperty({ type: [ApplicationDto] })
  data!: ApplicationDto[];

  @ApiProperty(NEXT_CURSOR)
  nextCursor!: string | null;
}

/** The only place that says what of an application leaves the service. */
export function toApplicationResponse(application: Application): ApplicationDto {
  return {
    id: application.id,
    name: application.name,
    description: application.description,
    environment: application.environment,
    scopes: application.scopes,
    ownerId: application.ownerSubject,
    ...(application.ownerIssuer === LOCAL_ISSUER ? {} : { ownerIssuer: application.ownerIssuer }),
    createdAt: application.createdAt.toISOString(),
    updatedAt: application.updatedAt.toISOString(),
  };
}
