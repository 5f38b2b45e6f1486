import type { ApiKey, Application, KeyStatus } from '../api/client.js';

const STATUS: Readonly<Record<KeyStatus, [label: string, tone: string]>> = {
  active: ['Active', 'ok'],
  disabled: ['Disabled', 'warn'],
  expired: ['Expired', 'mute'],
  revoked: ['Revoked', 'danger'],
};

export function StatusBadge({ status }: { status: KeyStatus }) {
  const [label, tone] = STATUS[status];
  return <span className={`badge dot ${tone}`}>{label}</span>;
}

export function EnvironmentBadge({
  environment,
}: {
  environment: ApiKey['environment'] | Application['environment'];
}) {
  const isReal = environment === 'live' || environment === 'production';
  return <span className={`badge ${isReal ? 'accent' : 'mute'}`}>{environment}</span>;
}
