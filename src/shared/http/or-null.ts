import { getSchemaPath } from '@nestjs/swagger';

/**
 * The schema of a model or null. In OpenAPI 3.0 `nullable` beside a reference does not let null in, because the model
 * that is referred to has no null in it (proposal 003 of OpenAPI 3.0.3). The model has to be known by
 * `@ApiExtraModels()` if nothing else refers to it.
 */
export function orNull(model: new () => object): { anyOf: object[] } {
  return { anyOf: [{ $ref: getSchemaPath(model) }, { type: 'object', nullable: true, enum: [null] }] };
}
