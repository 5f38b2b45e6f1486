import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { Omittable } from '../../../shared/http/validation.js';
import { EXTERNAL_ID } from './api-key.fields.js';

/** A field that narrows keys down to those made for one customer. */
export const ExternalIdFilter = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      ...EXTERNAL_ID,
      nullable: false,
      description: 'Only keys of this customer of yours.',
    }),
    Omittable(),
    IsString(),
    Length(1, 255),
  );

/** A field that narrows keys down to those with one tag. */
export const TagFilter = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ example: 'eu', description: 'Only keys with this tag.' }),
    Omittable(),
    IsString(),
    Length(1, 50),
  );
