/** This module alone sees all adapters: it opens them, wires them to the ports, and closes them. */
import pTimeout from 'p-timeout';
import type { Logger } from 'pino';
import type { Ports } from '../../activities/ports.js';
import type { Config } from '../config.js';
import { EffectError } from '../domain/failures/failure.js';
import { createKafka } from '../kafka/client.js';
import { createPublisher, type KafkaPublisher } from '../kafka/publisher.js';
import { batchSettings, kafkaSettings, publishDeadlineMs, topicSettings } from '../kafka/settings.js';
import { createTopics, refusedInWords } from '../kafka/topics.js';
import { busyConnections, createPool, endPool, type Pool, withConnection } from '../postgres/core/pool.js';
import { readBacklog } from '../postgres/backlog.js';
import { createPostgresPorts, type PostgresPorts } from '../postgres/ports.js';
import { pendingMigrations } from '../postgres/schema/pending-migrations.js';
import { packagePath } from '../paths.js';
import { type Breakers, checkBehind, createBreakers, guardAll, guardPublisher } from './breakers.js';
import { checked, PROBE_MS, shared } from './checks.js';
import type { Check } from './http.js';
import type { Metrics } from './metrics.js';
import { poolPressure } from './pool-pressure.js';
import { type RefusedLogins, refusedLogins } from '../flow-control/refused-logins.js';
import { seldom } from '../flow-control/seldom.js';
import type { Endpoints, KafkaEndpoint, PostgresEndpoint } from '../endpoints.js';

type WorkerPorts = Omit<Ports, 'endedExecutions' | 'parkedRuns' | 'startedLists'>;
type StorePorts = Omit<WorkerPorts, 'publisher' | 'source'>;

export interface Adapters {
  /** All ports that need no worker's connection to Temporal. */
  readonly ports: WorkerPorts;
  /** Asks whether each store can be reached now. */
  checks(): Promise<Readonly<Record<string, Check>>>;
  /** Returns whether the stores' breakers let calls through; if not, also the milliseconds until they may. */
  mayStart(): { readonly ok: boolean; readonly retryAfterMs: number };
  /** Counts the connections to PostgreSQL in use; after `close`, those that were not given back. */
  busyConnections(): number;
  /** Counts and logs refused logins of the process. */
  readonly isRefused: RefusedLogins;
  close(): Promise<void>;
}

export function openAdapters(config: Config, endpoints: Endpoints, logger: Logger, metrics: Metrics): Adapters {
  const pool = openPool(config, endpoints.postgres, logger, metrics);
  const stores = createPostgresPorts(pool, {
    retentionDays: config.LEDGER_RETENTION_DAYS,
    fsmRetentionDays: config.FSM_RETENTION_DAYS,
  });
  const publisher = openPublisher(config, endpoints.kafka, logger);
  // Breakers are outermost: what they refuse is neither counted nor waits in a group commit.
  const isRefused = refusedLogins(logger, metrics.loginRefused);
  const breakers = createBreakers(config, logger, metrics, isRefused);
  // Gauges are read past the breaker, like a readiness probe: they are no effects that would have to be saved from an
  // outage.
  const reading = <T>(read: () => Promise<T>) => {
    const one = shared(read);
    return () =>
      breakers.postgres.state !== 'closed'
        ? Promise.reject(new Error('circuit breaker not closed'))
        : pTimeout(one(), { milliseconds: PROBE_MS });
  };
  metrics.watchSize(
    'ledger',
    'the ledger',
    reading(() => stores.retention.size()),
  );
  metrics.watchSize(
    'fsm',
    'transitions and states',
    reading(() => stores.fsmRetention.size()),
  );
  metrics.watchBacklog(reading(() => readBacklog(pool)));
  let migrated = false;
  const probePostgres = shared(async () => {
    // Migrations are not taken back, so that they are looked for until they are there.
    if (migrated) await withConnection(pool, (connection) => connection.query('SELECT 1'));
    else await assertMigrated(pool);
    migrated = true;
    return `${pool.totalCount} connections, ${pool.waitingCount} waiting`;
  });
  const probeKafka = shared(async () => `${(await publisher.ping()).brokers} brokers`);
  const askPostgres = checkBehind(breakers.postgres, () => checked(probePostgres));
  const askKafka = checkBehind(breakers.kafka, () => checked(probeKafka));
  return {
    ports: {
      ...guardedStores(config, stores, breakers, metrics),
      publisher: guardPublisher(breakers.kafka, metrics.countPublished(publisher)),
      source: {
        topicPrefix: config.KAFKA_TOPIC_PREFIX,
        sourceInstance: config.SERVICE_INSTANCE,
        environment: config.ENVIRONMENT,
        region: config.REGION,
      },
    },
    async checks() {
      const [database, broker] = await Promise.all([askPostgres(), askKafka()]);
      return { postgres: database, kafka: broker };
    },
    mayStart() {
      const retryAfterMs = Math.max(breakers.postgres.retryAfterMs, breakers.kafka.retryAfterMs);
      return { ok: retryAfterMs === 0, retryAfterMs };
    },
    busyConnections: () => busyConnections(pool),
    isRefused,
    async close() {
      // The pool is closed also when the publisher fails to disconnect, and the other way round.
      const [, database] = await Promise.allSettled([publisher.disconnect(), endPool(pool)]);
      if (database.status === 'rejected') throw database.reason;
    },
  };
}

/** @throws while a migration is to come: without its tables every list would fail. */
async function assertMigrated(pool: Pool): Promise<void> {
  const pending = await pendingMigrations(pool, packagePath('migrations'));
  if (pending.length > 0) {
    const more = pending.length > 1 ? ` and ${pending.length - 1} more` : '';
    throw new Error(`the database has no migration ${pending[0] ?? ''}${more}: run "bridge setup"`);
  }
}

function openPool(config: Config, server: PostgresEndpoint, logger: Logger, metrics: Metrics): Pool {
  const pool = createPool(
    {
      ...server,
      min: config.PG_POOL_MIN,
      max: config.PG_POOL_MAX,
      statementTimeoutMs: config.PG_STATEMENT_TIMEOUT_MS,
      connectTimeoutMs: config.PG_CHECKOUT_TIMEOUT_MS,
      applicationName: `bridge-worker-${config.SERVICE_INSTANCE}`,
      observer: poolPressure(logger, metrics),
    },
    (error) => logger.warn({ err: error }, 'an idle connection to PostgreSQL was lost'),
  );
  metrics.watchPool(pool, config.PG_POOL_MAX);
  return pool;
}

function openPublisher(config: Config, server: KafkaEndpoint, logger: Logger): KafkaPublisher {
  const kafka = createKafka(kafkaSettings(config, server), logger);
  const { lingerMs, size: maxEntries, compression } = batchSettings(config);
  const due = seldom();
  return createPublisher(kafka, {
    lingerMs,
    maxEntries,
    compression,
    deadlineMs: publishDeadlineMs(config),
    createTopics: async () => {
      const { created, refused } = await createTopics(kafka, topicSettings(config));
      if (created.length > 0) logger.warn({ topics: created }, 'missing topics created');
      if (refused.length === 0) return;
      const fields = due('refused');
      const sentence = refusedInWords(refused);
      if (fields !== undefined) logger.error({ topics: refused, ...fields }, sentence);
      throw new EffectError('unknown', `Kafka: ${sentence}`, { store: 'kafka' });
    },
  });
}

/** Puts every operation of PostgreSQL's ports behind its breaker; the operations of the intents are counted. */
function guardedStores(config: Config, stores: PostgresPorts, { postgres }: Breakers, metrics: Metrics): StorePorts {
  const counted = counting(metrics);
  return {
    bridgeStates: guardAll(postgres, {
      persist: counted('persist_state', (...given) => stores.bridgeStates.persist(...given)),
    }),
    fsmTransitions: guardAll(postgres, {
      insert: counted('persist_fsm_transition', (...given) => stores.fsmTransitions.insert(...given)),
    }),
    fsmStates: guardAll(postgres, {
      recover: counted('recover_fsm_states', (...given) => stores.fsmStates.recover(...given)),
    }),
    ledger: guardAll(postgres, stores.ledger),
    deadLetters: {
      // A redrive waits for Kafka in its transaction: as a probe it would keep the breaker open for that long.
      store: guardAll(postgres, metrics.countDeadLetters(stores.deadLetters), ['redrive']),
      afterAttempts: config.KAFKA_ENABLE_DLQ ? Math.max(1, config.KAFKA_MAX_RETRY_ATTEMPTS) : Infinity,
      topicSuffix: config.KAFKA_DLQ_SUFFIX,
      lettersPass: config.DLQ_LETTERS_PASS,
      maxRedrives: config.KAFKA_DLQ_MAX_REDRIVES,
    },
    retention: guardAll(postgres, stores.retention),
    fsmRetention: guardAll(postgres, stores.fsmRetention),
    sweptExecutions: guardAll(postgres, stores.sweptExecutions),
    verdicts: guardAll(postgres, stores.verdicts),
    parkedLists: guardAll(postgres, stores.parkedLists),
  };
}

/** Counts the calls of a store's operation. */
const counting =
  (metrics: Metrics) =>
  <A extends unknown[], R>(operation: string, call: (...args: A) => Promise<R>) =>
  (...args: A): Promise<R> => {
    metrics.databaseOperation(operation);
    return call(...args);
  };
