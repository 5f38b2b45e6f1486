export {
  EmbeddedPostgresError,
  removeEmbeddedPostgres,
  runningEmbeddedPostgres,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from './embedded-postgres.js';
