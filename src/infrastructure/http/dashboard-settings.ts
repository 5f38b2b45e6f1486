import { localAccountsOf, type Env } from '../../config/env.js';

/** What the dashboard has to know before anybody has signed in. Everybody may read it. */
export interface DashboardSettings {
  /** Who may make an account here: everybody, who was invited, or nobody, and then there are no passwords. */
  accounts: 'open' | 'invite' | 'off';
  /** Whether the service sends mails, by which a forgotten password is replaced. */
  mails: boolean;
  /** The host of the provider that people sign in with; null where there is none. */
  provider: string | null;
}

export function dashboardSettings(env: Env): DashboardSettings {
  const accounts = localAccountsOf(env);
  const { DASHBOARD_OIDC_ISSUER: issuer } = env;
  const provider = issuer === undefined ? null : new URL(issuer).host;
  return { accounts, provider, mails: accounts !== 'off' && env.SMTP_URL !== undefined };
}
