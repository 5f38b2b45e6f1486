import { generateKeyPairSync, randomBytes } from 'node:crypto';

// `npm run --silent secrets >> .env`: new secrets for docker-compose.yml, or for any installation of your own.
// Losing API_KEY_PEPPERS makes every issued key useless: keep a copy where you keep such things.
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });

console.log(`POSTGRES_PASSWORD=${randomBytes(24).toString('hex')}
API_KEY_PEPPERS=1=${randomBytes(32).toString('base64url')}
JWT_SIGNING_KEY=${Buffer.from(pem).toString('base64')}`);
