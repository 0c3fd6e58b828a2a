/** The only place that sees all adapters: opens them, wires them to the ports, and closes them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Ports } from '../../activities/effects/effect.js';
import type { Config } from '../config.js';
import { createKafka } from '../kafka/client.js';
import { createPublisher } from '../kafka/publisher.js';
import { batchSettings, kafkaSettings, publishDeadlineMs, topicSettings } from '../kafka/settings.js';
import { createTopics } from '../kafka/topics.js';
import { createBridgeStateStore } from '../postgres/states/bridge-state-store.js';
import { createDeadLetterStore } from '../postgres/dead-letters/dead-letter-store.js';
import { createFsmStateStore } from '../postgres/recovery/fsm-state-store.js';
import { createFsmTransitionStore } from '../postgres/states/fsm-transition-store.js';
import { createLedger } from '../postgres/ledger/ledger.js';
import { createLedgerRetention } from '../postgres/ledger/retention.js';
import { createParkedLists } from '../postgres/intake/parked-store.js';
import { busyConnections, createPool, endPool } from '../postgres/core/pool.js';
import { createSweptExecutions } from '../postgres/sweep/swept-executions.js';
import { createVerdictStore } from '../postgres/intake/verdict-store.js';
import { checkBehind, createBreakers, guarding, guardingPublisher } from './breakers.js';
import type { Check } from './http.js';
import type { Metrics } from './metrics.js';
import { poolPressure } from './pool-pressure.js';

/** Where the three servers are. */
export interface Endpoints {
  /** host:port. */
  readonly temporalAddress: string;
  readonly databaseUrl: string;
  readonly kafkaBrokers: readonly string[];
}

export interface Adapters {
  /** All that need no worker's connection to Temporal. */
  readonly ports: Omit<Ports, 'endedExecutions' | 'parkedRuns'>;
  /** Whether each store can be reached now. */
  checks(): Promise<Readonly<Record<string, Check>>>;
  /** Whether the stores' breakers let calls through; if not, milliseconds until they may. */
  mayStart(): { readonly ok: boolean; readonly retryAfterMs: number };
  /** Connections to PostgreSQL in use; after `close`, those that were not given back. */
  busyConnections(): number;
  close(): Promise<void>;
}

export function openAdapters(config: Config, endpoints: Endpoints, logger: Logger, metrics: Metrics): Adapters {
  const pool = createPool(
    {
      connectionString: endpoints.databaseUrl,
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
  const kafka = createKafka(kafkaSettings(config, endpoints.kafkaBrokers), logger);
  const { lingerMs, size: maxEntries, compression } = batchSettings(config);
  const publisher = createPublisher(kafka, {
    lingerMs,
    maxEntries,
    compression,
    deadlineMs: publishDeadlineMs(config),
    createTopics: async () => {
      logger.warn({ topics: await createTopics(kafka, topicSettings(config)) }, 'missing topics created');
    },
  });
  const bridgeStates = createBridgeStateStore(pool, { lingerMs });
  const fsmTransitions = createFsmTransitionStore(pool, { lingerMs });
  const fsmStates = createFsmStateStore(pool);
  const ledger = createLedger(pool, { lingerMs });
  const deadLetters = metrics.countDeadLetters(createDeadLetterStore(pool, { lingerMs }));
  const retention = createLedgerRetention(pool, config.LEDGER_RETENTION_DAYS);
  const sweptExecutions = createSweptExecutions(pool);
  const verdicts = createVerdictStore(pool);
  const parkedLists = createParkedLists(pool);
  const counted = counting(metrics);
  // Breakers are outermost: what they refuse is neither counted nor waits in a group commit.
  const breakers = createBreakers(config, logger, metrics);
  const postgres = guarding(breakers.postgres);
  const askPostgres = checkBehind(breakers.postgres, () =>
    checked(async () => {
      await pool.query('SELECT 1');
      return `${pool.totalCount} connections, ${pool.waitingCount} waiting`;
    }),
  );
  // Past the breaker, like a probe: reading a gauge is no effect that would have to be saved from an outage.
  metrics.watchLedger(() =>
    breakers.postgres.state === 'open'
      ? Promise.reject(new Error('circuit breaker open'))
      : within(PROBE_MS, retention.size()),
  );
  const askKafka = checkBehind(breakers.kafka, () =>
    checked(async () => `${(await publisher.ping()).brokers} brokers`),
  );
  return {
    ports: {
      bridgeStates: {
        persist: postgres(counted('persist_state', (batch, locks) => bridgeStates.persist(batch, locks))),
      },
      fsmTransitions: {
        insert: postgres(counted('persist_fsm_transition', (batch, locks) => fsmTransitions.insert(batch, locks))),
      },
      fsmStates: {
        recover: postgres(counted('recover_fsm_states', (request, maxBytes) => fsmStates.recover(request, maxBytes))),
      },
      ledger: {
        find: postgres((intentIds) => ledger.find(intentIds)),
        record: postgres((records) => ledger.record(records)),
        giveUp: postgres((intents) => ledger.giveUp(intents)),
      },
      publisher: guardingPublisher(breakers.kafka, metrics.countPublished(publisher)),
      deadLetters: {
        store: {
          blocked: postgres((messages) => deadLetters.blocked(messages)),
          bury: postgres((letters, records) => deadLetters.bury(letters, records)),
          copied: postgres((eventIds) => deadLetters.copied(eventIds)),
          list: postgres((filter, after, limit) => deadLetters.list(filter, after, limit)),
          // Past the breaker: it waits for Kafka in its transaction, and as a probe it would keep the breaker open for that.
          redrive: (filter, after, limit, outlet) => deadLetters.redrive(filter, after, limit, outlet),
        },
        afterAttempts: config.KAFKA_ENABLE_DLQ ? Math.max(1, config.KAFKA_MAX_RETRY_ATTEMPTS) : Infinity,
        topicSuffix: config.KAFKA_DLQ_SUFFIX,
        lettersPass: config.DLQ_LETTERS_PASS,
        maxRedrives: config.KAFKA_DLQ_MAX_REDRIVES,
      },
      retention: {
        prune: postgres((before, after) => retention.prune(before, after)),
        prunedBefore: postgres(() => retention.prunedBefore()),
      },
      sweptExecutions: {
        unswept: postgres((ids) => sweptExecutions.unswept(ids)),
        mark: postgres((marks) => sweptExecutions.mark(marks)),
      },
      verdicts: {
        find: postgres((eventIds) => verdicts.find(eventIds)),
        store: postgres((given) => verdicts.store(given)),
      },
      parkedLists: {
        keys: postgres((partition) => parkedLists.keys(partition)),
        find: postgres((eventIds) => parkedLists.find(eventIds)),
        park: postgres((partition, lists) => parkedLists.park(partition, lists)),
        page: postgres((partition, after) => parkedLists.page(partition, after)),
        remove: postgres((eventIds) => parkedLists.remove(eventIds)),
      },
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
    async close() {
      // Both, also when one fails.
      const [, database] = await Promise.allSettled([publisher.disconnect(), endPool(pool)]);
      if (database.status === 'rejected') throw database.reason;
    },
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

/** Milliseconds a store has to answer a readiness probe, or a reading of the metrics. */
const PROBE_MS = 3_000;

async function checked(probe: () => Promise<string>): Promise<Check> {
  try {
    return { ok: true, detail: await within(PROBE_MS, probe()) };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/** @throws when `answer` takes longer than `ms`. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timeout = sleep(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error(`no answer within ${ms} ms`);
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    timeout.catch(() => undefined);
    late.abort();
  }
}
