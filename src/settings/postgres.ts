/** This module holds the settings of PostgreSQL. */
import { z } from 'zod';
import { databaseHost, databaseUrl } from './addresses.js';
import { LOCAL_STACK, seconds, setting, whole } from './setting.js';

export const postgres = {
  DATABASE_URL: setting(databaseUrl.optional(), {
    readBy: ['worker', 'intake', 'CLI', 'stack'],
    type: '`postgres://` URL, also `postgresql+DRIVER://`; one host or the folder of a socket (`?host=/run/postgresql`)',
    unset: `made from the \`PG*\` variables when \`PGHOST\` is set, else ${LOCAL_STACK}`,
    about:
      'It is the database. It comes before the `PG*` variables. `bridge setup` creates the tables in it; `bridge intake` asks for it too, although it opens no connection.',
    change: "Set it, or `PGHOST` and the others, wherever PostgreSQL is not the local stack's.",
  }),
  PGHOST: setting(databaseHost.optional(), {
    readBy: ['worker', 'intake', 'CLI', 'stack'],
    type: 'a name, an IP address or the folder of a socket; also with a port',
    unset: 'none',
    about: 'It is the host of the database. Without it the other `PG*` variables name no server.',
    change: 'Set it where the platform hands out the parts of an address instead of a URL.',
  }),
  PGPORT: setting(whole(1, 65_535).optional(), {
    readBy: ['worker', 'intake', 'CLI', 'stack'],
    unset: '5432, or the port in `PGHOST`',
    about: 'It is the port on `PGHOST`. Both may not name different ports.',
    change: 'Set it when the server listens elsewhere.',
  }),
  PGUSER: setting(z.string().default('postgres'), {
    readBy: ['worker', 'intake', 'CLI', 'stack'],
    about: 'It is the user to log in as on `PGHOST`.',
    change: 'Set it to the role of the installation.',
  }),
  PGPASSWORD: setting(z.string().default(''), {
    readBy: ['worker', 'intake', 'CLI', 'stack'],
    about: 'It is the password of `PGUSER`. Characters that a URL reserves need no escaping here.',
    change: 'Set it when the server asks for one.',
  }),
  PGDATABASE: setting(z.string().default('omninode_bridge'), {
    readBy: ['worker', 'intake', 'CLI', 'stack'],
    about: 'It is the database on `PGHOST`; also the one that the local stack creates.',
    change: 'Give each installation on a shared server its own.',
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
