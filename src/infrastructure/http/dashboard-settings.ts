import { localAccountsOf, type Env } from '../../config/env.js';

/** What the dashboard has to know before anybody has signed in. Everybody may read it. */
export interface DashboardSettings {
  /** Who may make an account here: everybody, who was invited, or nobody, and then there are no passwords. */
  accounts: 'open' | 'invite' | 'off';
  /** Whether the service sends mails, by which a forgotten password is replaced. */
  mails: boolean;
}

export function dashboardSettings(env: Env): DashboardSettings {
  const accounts = localAccountsOf(env);
  return { accounts, mails: accounts !== 'off' && env.SMTP_URL !== undefined };
}
