import { Module } from '@nestjs/common';
import { AuthModule } from './auth.module.js';
import { AccountController } from './http/account.controller.js';
import { AuthController } from './http/auth.controller.js';
import { BrowserSessionController } from './http/browser-session.controller.js';
import { MailController } from './http/mail.controller.js';
import { PasswordController } from './http/password.controller.js';
import { SessionsController } from './http/sessions.controller.js';

/** The routes of people who have an account here. With `LOCAL_ACCOUNTS=off` the service has none of them. */
@Module({
  imports: [AuthModule],
  controllers: [
    AuthController,
    BrowserSessionController,
    AccountController,
    MailController,
    PasswordController,
    SessionsController,
  ],
})
export class LocalAccountsModule {}
