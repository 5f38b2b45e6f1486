import { ValidateBy } from 'class-validator';
import {
  isPossiblePassword,
  MAX_PASSWORD_CHARACTERS,
  MIN_PASSWORD_CHARACTERS,
} from '../domain/password-policy.js';

export const EMAIL = { type: String, format: 'email', maxLength: 254, example: 'ann@example.org' } as const;

export const IsPassword = (): PropertyDecorator =>
  ValidateBy({
    name: 'isPassword',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && isPossiblePassword(value),
      defaultMessage: () =>
        `must be ${MIN_PASSWORD_CHARACTERS} to ${MAX_PASSWORD_CHARACTERS} characters of any script`,
    },
  });

export const NEW_PASSWORD = {
  description:
    'Characters of any script, but no NUL (U+0000). One that is easy to guess is refused, as is one that is made of the email or the name.',
  format: 'password',
  minLength: MIN_PASSWORD_CHARACTERS,
  maxLength: MAX_PASSWORD_CHARACTERS,
  example: 'a long walk in the hills',
} as const;

export const ONE_TIME_TOKEN = { example: 'upblit_ot_…' } as const;
