import { SetMetadata, type CustomDecorator } from '@nestjs/common';

export const ABOUT_THE_CALLER = Symbol('AboutTheCaller');

/** What the path names is the caller's own, or it is not found: nothing of anybody else is looked for. */
export const AboutTheCaller = (): CustomDecorator<symbol> => SetMetadata(ABOUT_THE_CALLER, true);
