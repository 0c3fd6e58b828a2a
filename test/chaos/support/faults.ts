/** This module has the rows of the matrix: what breaks, and how it is put right again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '../../../src/stack/types.js';
import { onServer } from '../../postgres/support.js';
import type { Installation } from './installation.js';
import { GIVEN_UP_MS } from './installation.js';
import { LOGIN, rotatePassword } from './login.js';
import type { Servers } from './servers.js';
import type { Toxic, ToxicProxy } from './toxiproxy.js';

export interface Fault {
  readonly name: string;
  /** Store of the worker that the fault is about; `none`: the fault is about the worker itself, or Temporal. */
  readonly store: 'postgres' | 'kafka' | 'none';
  /** Whether an attempt that the fault strikes has to be tried again. Default true. */
  readonly failsAttempts?: boolean;
  /** Server that ends for all columns at once, after every column is at its point, and struck. */
  readonly server?: ServiceName;
  /** Strikes one column. */
  strike?(installation: Installation): Promise<void>;
  /** Puts one column right again. */
  heal?(installation: Installation): Promise<void>;
}

const both = (type: Toxic['type'], attributes: object): Toxic[] => [
  { type, stream: 'upstream', attributes },
  { type, stream: 'downstream', attributes },
];

const wire = (
  name: string,
  store: 'postgres' | 'kafka',
  toxics: readonly Toxic[],
  lastsMs: number,
  also?: (installation: Installation) => Promise<void>,
): Fault => {
  const proxyOf = (installation: Installation): ToxicProxy => installation.route[store];
  return {
    name,
    store,
    async strike(installation) {
      for (const toxic of toxics) await proxyOf(installation).add(toxic);
      await also?.(installation);
    },
    async heal(installation) {
      await sleep(lastsMs);
      await proxyOf(installation).heal();
    },
  };
};

/**
 * Ends the server's side of every connection that came through the proxy. Behind a blackhole the worker does not hear
 * of it.
 */
async function endBackends(installation: Installation): Promise<void> {
  // The installation's database may accept no connection any more.
  await onServer((server) =>
    server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = $1 AND application_name LIKE 'bridge-worker-%'`,
      [databaseOf(installation)],
    ),
  );
}

const databaseOf = ({ environment }: Installation): string =>
  new URL(environment.endpoints.postgres.url).pathname.slice(1);

/** Milliseconds of a refusal: several attempts meet it, and the breaker opens. */
const REFUSED_MS = 10_000;

/** An outage of PostgreSQL lasts for as long as a test wants. */
export interface Outage {
  readonly what: string;
  readonly strike: (installation: Installation) => Promise<void>;
  readonly heal: (installation: Installation) => Promise<void>;
}

/** Makes PostgreSQL refuse new connections of the workers, and ends those that there are. */
const refusing = (
  what: string,
  refuse: (installation: Installation) => Promise<unknown>,
  heal: Outage['heal'],
): Outage => ({
  what,
  async strike(installation) {
    await refuse(installation);
    await endBackends(installation);
  },
  heal,
});

const briefly = ({ what, strike, heal: end }: Outage): Fault => ({
  name: `${what} for ${REFUSED_MS / 1_000} s`,
  store: 'postgres',
  strike,
  async heal(installation) {
    await sleep(REFUSED_MS);
    await end(installation);
  },
});

/** Allows connections to the database of an installation, or refuses them. The connection in use stays. */
async function allowConnections(installation: Installation, allowed: boolean): Promise<void> {
  const database = databaseOf(installation);
  await onServer((server) => server.query(`ALTER DATABASE "${database}" ALLOW_CONNECTIONS ${String(allowed)}`));
}

/** Lets the workers of an installation connect again. */
export async function admit(installation: Installation): Promise<void> {
  await allowConnections(installation, true);
  await rotatePassword(installation.environment.pool, LOGIN.password);
}

const restart = (name: string, store: Fault['store'], server: ServiceName): Fault => ({ name, store, server });

/**
 * Milliseconds of a blackhole. It is longer than the worker's own patience, so that the worker gives up before the
 * proxy lets it off.
 */
const BLACKHOLE_MS = GIVEN_UP_MS + 3_000;
const LATENCY = [{ type: 'latency', stream: 'downstream', attributes: { latency: 2_000, jitter: 0 } }] as const;
/** The reset comes at once for the connections there are, and for each new one. */
const RESET = [{ type: 'reset_peer', stream: 'downstream', attributes: { timeout: 0 } }] as const;
const BLACKHOLE = both('timeout', { timeout: 0 });

export const REFUSING = refusing(
  'PostgreSQL database accepts no connections',
  (installation) => allowConnections(installation, false),
  (installation) => allowConnections(installation, true),
);

export const HANGING: Outage = {
  what: 'PostgreSQL unreachable (blackhole)',
  async strike({ route }) {
    for (const toxic of BLACKHOLE) await route.postgres.add(toxic);
  },
  heal: ({ route }) => route.postgres.heal(),
};

export const FAULTS: readonly Fault[] = [
  {
    name: 'worker killed (kill -9), started again',
    store: 'none',
    strike: ({ worker }) => worker.kill(),
    heal: ({ worker }) => worker.start(),
  },
  restart('PostgreSQL crashed, started again', 'postgres', 'postgres'),
  restart('Kafka broker killed, started again', 'kafka', 'kafka'),
  { ...wire('PostgreSQL answers 2 s late', 'postgres', LATENCY, 8_000), failsAttempts: false },
  { ...wire('Kafka answers 2 s late', 'kafka', LATENCY, 8_000), failsAttempts: false },
  wire('PostgreSQL connections reset for 4 s', 'postgres', RESET, 4_000),
  wire('Kafka connections reset for 4 s', 'kafka', RESET, 4_000),
  wire(`PostgreSQL unreachable (blackhole) for ${BLACKHOLE_MS / 1_000} s`, 'postgres', BLACKHOLE, BLACKHOLE_MS),
  wire(`Kafka unreachable (blackhole) for ${BLACKHOLE_MS / 1_000} s`, 'kafka', BLACKHOLE, BLACKHOLE_MS),
  { ...restart('Temporal killed, started again', 'none', 'temporal'), failsAttempts: false },
  wire('PostgreSQL half-open: its side ended, unknown to the worker', 'postgres', BLACKHOLE, BLACKHOLE_MS, endBackends),
  briefly(
    refusing(
      'PostgreSQL password rotated',
      ({ environment }) => rotatePassword(environment.pool, 'second'),
      ({ environment }) => rotatePassword(environment.pool, LOGIN.password),
    ),
  ),
  briefly(REFUSING),
  // A broker ends a connection only by ending itself. It is back long before the worker may hear of it.
  {
    ...wire('Kafka half-open: its side ended, unknown to the worker', 'kafka', BLACKHOLE, BLACKHOLE_MS),
    server: 'kafka',
  },
];

/**
 * Ends the fault in each column, and starts the killed server. The start is tried again for a while, because a killed
 * PostgreSQL needs a moment to let go of its memory.
 */
export const heal = async (servers: Servers, fault: Fault, installations: readonly Installation[]): Promise<void> => {
  await Promise.all([
    ...installations.map(async (installation) => fault.heal?.(installation)),
    fault.server === undefined ? undefined : servers.start(fault.server),
  ]);
};
