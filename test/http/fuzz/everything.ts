import { MailServer } from '../../support/mail-server.js';
import { OpenIdServer } from '../../support/openid-provider.js';
import { TestApp } from '../../support/test-app.js';

/** A service with every route that `openapi.json` describes: some of them a setting adds. */
export async function startEverything(): Promise<{ app: TestApp; stop: () => Promise<void> }> {
  const [mails, provider] = await Promise.all([MailServer.start(), OpenIdServer.start()]);
  const app = await TestApp.start({
    env: { ...provider.env, SMTP_URL: mails.url, MAIL_FROM: 'keys@example.com' },
  });
  const stop = async (): Promise<void> => {
    await app.stop();
    await Promise.all([mails.stop(), provider.stop()]);
  };
  return { app, stop };
}
