/** The settings of the cluster; docs/operations/high-availability.md explains each, and names the same. */

/** Debian's place for the binaries of PostgreSQL 15. */
const POSTGRES_BINARIES = '/usr/lib/postgresql/15/bin';

/**
 * Seconds without its leader's word after which the cluster elects another, and between two rounds of Patroni. In
 * production 20 to 30 and 5 to 10: a test has no patience, and a network that is up unless it is cut.
 */
const TTL_SECONDS = 6;
const LOOP_WAIT_SECONDS = 1;
const RETRY_TIMEOUT_SECONDS = 2;

export const SUPERUSER = 'postgres';

interface MemberPorts {
  /** Where PostgreSQL listens itself. */
  postgres: number;
  /** By which the other members reach it. */
  replication: number;
  /** By which the router reaches it. */
  clients: number;
  /** Where Patroni's REST API listens itself. */
  rest: number;
  /** By which everybody else reaches it. */
  restForOthers: number;
  /** By which this member reaches etcd. */
  etcd: number;
}

export interface MemberSettings {
  name: string;
  dataDirectory: string;
  passwordFile: string;
  socketDirectory: string;
  password: string;
  ports: MemberPorts;
}

/** patroni.yml, in the part of YAML that is JSON. */
export function patroniSettings(member: MemberSettings): string {
  const { name, dataDirectory, passwordFile, socketDirectory, password, ports } = member;
  return JSON.stringify(
    {
      scope: 'upblit',
      name,
      // As a proxy: Patroni would ask etcd for its address, and go past the link that a fault cuts.
      etcd3: { host: `127.0.0.1:${ports.etcd}`, use_proxies: true },
      restapi: {
        listen: `127.0.0.1:${ports.rest}`,
        connect_address: `127.0.0.1:${ports.restForOthers}`,
      },
      bootstrap: {
        dcs: {
          ttl: TTL_SECONDS,
          loop_wait: LOOP_WAIT_SECONDS,
          retry_timeout: RETRY_TIMEOUT_SECONDS,
          // A standby that lags by a byte may be elected; the synchronous one lacks nothing that was acknowledged.
          maximum_lag_on_failover: 1_048_576,
          // Every commit waits for a standby, and when there is none it waits for one to come.
          synchronous_mode: true,
          synchronous_mode_strict: true,
          synchronous_node_count: 1,
          postgresql: {
            use_pg_rewind: true,
            remove_data_directory_on_rewind_failure: true,
            remove_data_directory_on_diverged_timelines: true,
            parameters: {
              // What Patroni's synchronous mode rests upon: `local` or `off` would make it a promise of nobody's.
              synchronous_commit: 'on',
              wal_log_hints: 'on',
              wal_keep_size: '128MB',
              // A connection whose other end is gone holds neither a standby's place nor a client's locks for long.
              wal_sender_timeout: '5s',
              wal_receiver_timeout: '5s',
              wal_retrieve_retry_interval: '500ms',
              tcp_keepalives_idle: 5,
              tcp_keepalives_interval: 2,
              tcp_keepalives_count: 3,
              max_connections: 200,
              shared_buffers: '64MB',
            },
          },
        },
        initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'data-checksums'],
      },
      postgresql: {
        listen: `127.0.0.1:${ports.postgres}`,
        connect_address: `127.0.0.1:${ports.replication}`,
        data_dir: dataDirectory,
        bin_dir: POSTGRES_BINARIES,
        pgpass: passwordFile,
        authentication: {
          superuser: { username: SUPERUSER, password },
          replication: { username: 'replicator', password },
          rewind: { username: 'rewinder', password },
        },
        parameters: { unix_socket_directories: socketDirectory },
        pg_hba: [
          'host all all 127.0.0.1/32 scram-sha-256',
          'host replication replicator 127.0.0.1/32 scram-sha-256',
        ],
      },
    },
    undefined,
    2,
  );
}

/** haproxy.cfg: one port that leads to whoever is the leader, and to nobody when nobody is. */
export function haproxySettings(port: number, members: readonly MemberSettings[]): string {
  return `
defaults
  mode tcp
  timeout connect 1s
  timeout check 1s
  timeout client 30m
  timeout server 30m
  option clitcpka
  option srvtcpka

listen primary
  bind 127.0.0.1:${port}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 250ms fall 2 rise 1 on-marked-down shutdown-sessions
${members
  .map(({ name, ports }) => `  server ${name} 127.0.0.1:${ports.clients} check port ${ports.restForOthers}`)
  .join('\n')}
`;
}
