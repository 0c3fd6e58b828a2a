/** This module holds the settings of PostgreSQL. */
import { z } from 'zod';
import { databaseHost, databaseUrl } from './addresses.js';
import { LOCAL_STACK, seconds, setting, whole, word } from './setting.js';

/** The modes of TLS, as in libpq. The two that try TLS and do without it, `allow` and `prefer`, are not offered. */
export const sslMode = word(['disable', 'require', 'verify-ca', 'verify-full']);

export const postgres = {
  DATABASE_URL: setting(databaseUrl.optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    type: '`postgres://` URL, also `postgresql+DRIVER://`; one host or the folder of a socket (`?host=/run/postgresql`)',
    unset: `made from the \`PG*\` variables when \`PGHOST\` is set, else ${LOCAL_STACK}`,
    about:
      'It is the database. It comes before the `PG*` variables. `bridge setup` creates the tables in it; `bridge intake` and `bridge emit` do not need it.',
    change: "Set it, or `PGHOST` and the others, wherever PostgreSQL is not the local stack's.",
  }),
  DATABASE_URL_FILE: setting(z.string().optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    type: 'a path',
    unset: '`DATABASE_URL`',
    about:
      'It is a file with the URL, instead of `DATABASE_URL`. Its user and password are read again for each new connection; another host or database takes a restart.',
    change: 'Set it where a secret store writes the URL to a file, as with credentials that change.',
  }),
  MIGRATION_DATABASE_URL: setting(databaseUrl.optional(), {
    readBy: ['bridge setup'],
    type: 'as `DATABASE_URL`',
    unset: 'the database as the others reach it',
    about:
      "It is the same database for migrations and the cut-over, which need a session and the rights of the tables' owner. `PGSSLMODE` and its files hold for it too.",
    change: 'Set it to the server itself where `PG_POOLER` is `transaction`, or where the owner is another role.',
  }),
  MIGRATION_DATABASE_URL_FILE: setting(z.string().optional(), {
    readBy: ['bridge setup'],
    type: 'a path',
    unset: '`MIGRATION_DATABASE_URL`',
    about: 'It is a file with the URL, instead of `MIGRATION_DATABASE_URL`.',
    change: 'Set it where a secret store writes the URL to a file.',
  }),
  PGHOST: setting(databaseHost.optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    type: 'a name, an IP address or the folder of a socket; also with a port',
    unset: 'none',
    about: 'It is the host of the database. Without it the other `PG*` variables name no server.',
    change: 'Set it where the platform hands out the parts of an address instead of a URL.',
  }),
  PGPORT: setting(whole(1, 65_535).optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    unset: '5432, or the port in `PGHOST`',
    about: 'It is the port on `PGHOST`. Both may not name different ports.',
    change: 'Set it when the server listens elsewhere.',
  }),
  PGUSER: setting(z.string().default('postgres'), {
    readBy: ['worker', 'CLI', 'stack'],
    about: 'It is the user to log in as on `PGHOST`.',
    change: 'Set it to the role of the installation.',
  }),
  PGPASSWORD: setting(z.string().optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    unset: 'none',
    about:
      'It is the password of `PGUSER`, or of the user in a URL without one. Characters that a URL reserves need no escaping here.',
    change: 'Set it when the server asks for one.',
  }),
  PGPASSWORD_FILE: setting(z.string().optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    type: 'a path',
    unset: '`PGPASSWORD`',
    about:
      'It is a file with the password, instead of `PGPASSWORD`. It is read again for each new connection, so that a rotation needs no restart.',
    change: 'Set it where the platform mounts secrets as files.',
  }),
  PGDATABASE: setting(z.string().default('omninode_bridge'), {
    readBy: ['worker', 'CLI', 'stack'],
    about: 'It is the database on `PGHOST`; also the one that the local stack creates.',
    change: 'Give each installation on a shared server its own.',
  }),
  PGSSLMODE: setting(sslMode.optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    unset: '`disable`, or `sslmode` in the URL',
    about:
      "It says how connections are encrypted. `verify-full` verifies the certificate and the host's name, `verify-ca` the certificate only. `require` verifies nothing without a CA.",
    change: 'Set it to `verify-full` wherever the server is not on this machine.',
  }),
  PGSSLROOTCERT: setting(z.string().optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    type: 'a path, or `system`',
    unset: 'the CAs that Node trusts, or `sslrootcert` in the URL',
    about: "It is a PEM file with the CAs that may have signed the server's certificate.",
    change: "Set it where the CA is your own, or the provider's.",
  }),
  PGSSLCERT: setting(z.string().optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    type: 'a path',
    unset: 'none, or `sslcert` in the URL',
    about: "It is the PEM file of this client's certificate. It needs `PGSSLKEY` beside it.",
    change: 'Set it where the server asks for a certificate.',
  }),
  PGSSLKEY: setting(z.string().optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    type: 'a path',
    unset: 'none, or `sslkey` in the URL',
    about: 'It is the PEM file of the key of `PGSSLCERT`.',
    change: 'Set it together with `PGSSLCERT`.',
  }),
  PG_POOLER: setting(word(['none', 'transaction']).default('none'), {
    readBy: ['worker', 'CLI'],
    about:
      'It says which pooler is in front of the server. With `transaction`, as of PgBouncer, time-outs are set inside of each transaction ([ADR 0035](adr/0035-poolers-in-transaction-mode.md)).',
    change: 'Set it to `transaction` where the address is that of such a pooler, and `MIGRATION_DATABASE_URL` too.',
  }),
  PG_POOL_MIN: setting(whole(0, 500).default(10), {
    readBy: ['worker'],
    about:
      'It says how many idle connections a worker keeps open. A value above `PG_POOL_MAX` is taken as `PG_POOL_MAX`.',
    change: 'Lower it when many idle workers hold too many connections of the server.',
  }),
  PG_POOL_MAX: setting(whole(1, 500).default(25), {
    readBy: ['worker'],
    about: 'It is the most connections that one worker opens. Work beyond it waits for `PG_CHECKOUT_TIMEOUT_MS`.',
    change:
      'Raise it when `pg_pool_pressure_total` grows and the server has connections to spare. 20 to 30 has been the optimum.',
  }),
  PG_STATEMENT_TIMEOUT_MS: setting(whole(100, 75_000).default(60_000), {
    readBy: ['worker'],
    about:
      'It is the number of milliseconds after which the server cancels a statement. A transaction that idles that long is ended too, and its locks are free.',
    change:
      'Lower it to hear of slow statements sooner. It cannot exceed 75,000, because an attempt of an activity ends after 90 s ([time-outs](time-outs.md)).',
  }),
  PG_CHECKOUT_TIMEOUT_MS: setting(whole(100, 60_000).default(5_000), {
    readBy: ['worker'],
    about:
      'It is the longest wait for a connection of the pool, in milliseconds. The attempt then fails, and Temporal retries it.',
    change:
      'Raise it when connecting takes long, as through a proxy or across regions. Together with `PG_STATEMENT_TIMEOUT_MS` it cannot exceed 80,000.',
  }),
  PG_BREAKER_FAILURES: setting(whole(1, 1_000).default(5), {
    readBy: ['worker'],
    about:
      'It says how many failures within the window open the circuit breaker of PostgreSQL. Only failures of class `unavailable` count ([ADR 0005](adr/0005-circuit-breakers.md)).',
    change: 'Raise it when short network faults open the breaker although the server is well.',
  }),
  PG_BREAKER_WINDOW_SECONDS: setting(seconds(3_600).default(30), {
    readBy: ['worker'],
    about: 'It is the window, in seconds, in which `PG_BREAKER_FAILURES` are counted.',
    change: 'Change it together with `PG_BREAKER_FAILURES`.',
  }),
  PG_BREAKER_OPEN_SECONDS: setting(seconds(3_600).default(60), {
    readBy: ['worker'],
    about:
      'It says how long the breaker stays open, in seconds. Calls are refused at once meanwhile; then one call is let through as a probe.',
    change: 'Lower it when the server usually recovers sooner, as in a failover of seconds.',
  }),
  PG_BREAKER_PROBE_SECONDS: setting(seconds(600).default(10), {
    readBy: ['worker'],
    about: 'It says how long the probe has to be answered, in seconds. Without an answer the breaker opens again.',
    change: 'Raise it when a server that has just started answers slowly.',
  }),
};
