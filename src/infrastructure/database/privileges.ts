type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/**
 * What the role that serves may do with each table and view: what its statements need and no more. (PostgreSQL wants
 * UPDATE for FOR UPDATE and its like.) A migration that adds a table adds a line here.
 */
export const PRIVILEGES: Readonly<Record<string, readonly Privilege[]>> = {
  api_key_secret_usage: ['SELECT', 'INSERT', 'UPDATE'],
  api_key_secrets: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  api_key_usage: ['SELECT', 'INSERT', 'UPDATE'],
  api_keys: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  application_key_counts: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  application_limits: ['SELECT', 'INSERT', 'UPDATE'],
  application_members: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  application_offers: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  applications: ['SELECT', 'INSERT', 'UPDATE'],
  // Nobody changes what has been recorded; a trigger refuses it to the owner of the tables as well.
  audit_checkpoints: ['SELECT', 'INSERT'],
  audit_events: ['SELECT', 'INSERT'],
  audit_unsealed: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  credit_balances: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  denial_rings: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  denials: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  freshness_nodes: ['SELECT', 'INSERT', 'DELETE'],
  freshness_renewals: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  idempotent_answers: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  key_change_counter: ['SELECT'],
  // Its triggers write the feed in the name of whoever changes a key.
  key_changes: ['SELECT', 'INSERT', 'DELETE'],
  migrations: ['SELECT'],
  one_time_tokens: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  pending_key_revocations: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  rate_limit_hits: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  refresh_token_families: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  refresh_tokens: ['SELECT', 'INSERT', 'UPDATE'],
  usage_days: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  usage_hours: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  usage_writers: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  users: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  webhook_deliveries: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  webhook_drops: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  webhook_messages: ['SELECT', 'INSERT', 'DELETE'],
  webhook_notices: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  webhooks: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
};
