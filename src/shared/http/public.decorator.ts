import { SetMetadata, type CustomDecorator } from '@nestjs/common';

export const IS_PUBLIC = Symbol('IsPublic');

/** Opens a route to callers without an access token. Every route without this is closed. */
export const Public = (): CustomDecorator<symbol> => SetMetadata(IS_PUBLIC, true);
