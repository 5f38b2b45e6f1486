import { DataSource } from 'typeorm';
import { loadMigrationUrls } from './src/config/env.js';
import { dataSourceOptions } from './src/infrastructure/database/data-source.js';
import {
  apiKeySchema,
  apiKeySecretSchema,
  apiKeyUsageSchema,
  secretUsageSchema,
} from './src/modules/api-keys/infrastructure/api-key.schema.js';
import { applicationSchema } from './src/modules/applications/infrastructure/application.schema.js';
import { idempotentAnswerSchema } from './src/modules/idempotency/infrastructure/idempotent-answer.schema.js';
import { memberSchema } from './src/modules/applications/infrastructure/member.schema.js';
import { offerSchema } from './src/modules/applications/infrastructure/offer.schema.js';
import { oneTimeTokenSchema } from './src/modules/auth/infrastructure/one-time-token.schema.js';
import {
  refreshTokenFamilySchema,
  refreshTokenSchema,
} from './src/modules/auth/infrastructure/refresh-token-family.schema.js';
import { userSchema } from './src/modules/auth/infrastructure/user.schema.js';

/** For TypeORM's command line: `npm run build && npx typeorm migration:show -d dist/ormconfig.js`. */
export default new DataSource({
  ...dataSourceOptions({ url: loadMigrationUrls()?.url ?? 'postgres://127.0.0.1:5432/upblit' }),
  entities: [
    userSchema,
    refreshTokenFamilySchema,
    refreshTokenSchema,
    oneTimeTokenSchema,
    applicationSchema,
    memberSchema,
    offerSchema,
    apiKeySchema,
    apiKeySecretSchema,
    apiKeyUsageSchema,
    secretUsageSchema,
    idempotentAnswerSchema,
  ],
});
