/** The worker's metrics: the seed's five names, the pool, and Temporal's own. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Instruments } from '../../activities/execution/batch-activity.js';
import type { BreakerState, StoreBreaker } from '../flow-control/store-breaker.js';
import type { DeadLetterStore } from '../domain/dead-letters/port.js';
import type { LedgerSize } from '../domain/ledger/port.js';
import type { EventPublisher } from '../domain/events/publisher.js';

interface PoolGauges {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** What is too slow or too full; see `pool-pressure.ts` for the limits. */
export type PoolPressure = 'utilization' | 'checkout' | 'query';

export interface Metrics extends Instruments {
  /** Counts a call of a store's operation. */
  databaseOperation(operation: string): void;
  /** Reads the pool's gauges whenever the metrics are read. */
  watchPool(pool: PoolGauges, max: number): void;
  /** Seconds a checkout took, with or without a connection at its end. */
  checkedOut(seconds: number): void;
  /** Seconds a statement or a transaction had its connection. */
  ran(seconds: number): void;
  poolPressure(kind: PoolPressure): void;
  /** Reads the breaker's state whenever the metrics are read. */
  watchBreaker(breaker: StoreBreaker): void;
  breakerChanged(store: string, state: BreakerState): void;
  breakerRefused(store: string): void;
  /** Reads the ledger's size when the metrics are read; what cannot be read is absent. */
  watchLedger(read: () => Promise<LedgerSize>): void;
  /** Counts what goes through a publisher. */
  countPublished(publisher: EventPublisher): EventPublisher;
  /** Counts what becomes a dead letter, and what is redriven. */
  countDeadLetters(store: DeadLetterStore): DeadLetterStore;
  readonly registry: Registry;
}

/** Seconds; the seed's targets lie at 0.02 to 0.2. */
const BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30];

/** In the order of the gauge's values. */
const BREAKER_STATES: readonly BreakerState[] = ['closed', 'half-open', 'open'];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const executed = new Counter({
    name: 'intents_executed_total',
    help: 'Intents settled, invalid ones too',
    labelNames: ['intent_type', 'status'],
    registers,
  });
  const failed = new Counter({
    name: 'intents_failed_total',
    help: 'Intents settled without success',
    labelNames: ['intent_type'],
    registers,
  });
  const duration = new Histogram({
    name: 'intent_duration_seconds',
    help: 'Time the batch of an intent took in its activity; 0 for one that planning refused',
    labelNames: ['intent_type'],
    buckets: BUCKETS,
    registers,
  });
  const sums = new Map<string, { ms: number; count: number }>();
  new Gauge({
    name: 'avg_intent_latency_ms',
    help: 'Mean time of an intent in its activity since the worker started',
    labelNames: ['intent_type'],
    registers,
    collect() {
      for (const [intent_type, { ms, count }] of sums) this.set({ intent_type }, ms / count);
    },
  });
  const database = new Counter({
    name: 'database_operations_total',
    help: 'Calls of a PostgreSQL store',
    labelNames: ['operation'],
    registers,
  });
  const published = new Counter({
    name: 'kafka_events_published_total',
    help: 'Events a broker has acknowledged',
    labelNames: ['topic'],
    registers,
  });
  const buried = new Counter({
    name: 'kafka_dead_letters_total',
    help: 'Events stored as dead letters',
    labelNames: ['topic'],
    registers,
  });
  const redriven = new Counter({
    name: 'kafka_dead_letters_redriven_total',
    help: 'Dead letters a broker has taken after all',
    registers,
  });
  const checkouts = new Histogram({
    name: 'pg_checkout_seconds',
    help: 'Time until a connection was there, or was not to be had',
    buckets: BUCKETS,
    registers,
  });
  const queries = new Histogram({
    name: 'pg_query_seconds',
    help: 'Time a statement or a transaction had its connection',
    buckets: BUCKETS,
    registers,
  });
  const pressures: Readonly<Record<PoolPressure, Counter>> = {
    utilization: new Counter({
      name: 'pg_pool_pressure_total',
      help: 'Checkouts that left at least 90 % of the connections in use',
      registers,
    }),
    checkout: new Counter({ name: 'pg_slow_checkouts_total', help: 'Checkouts of more than 100 ms', registers }),
    query: new Counter({
      name: 'pg_slow_queries_total',
      help: 'Statements and transactions of more than 100 ms',
      registers,
    }),
  };
  const breakers: StoreBreaker[] = [];
  new Gauge({
    name: 'circuit_breaker_state',
    help: 'Circuit breaker of a store: 0 closed, 1 half-open, 2 open',
    labelNames: ['store'],
    registers,
    collect() {
      for (const { store, state } of breakers) this.set({ store }, BREAKER_STATES.indexOf(state));
    },
  });
  const breakerChanges = new Counter({
    name: 'circuit_breaker_state_changes_total',
    help: "Times a store's circuit breaker went over to a state",
    labelNames: ['store', 'state'],
    registers,
  });
  const breakerRefusals = new Counter({
    name: 'circuit_breaker_refusals_total',
    help: 'Calls of a store that its circuit breaker refused',
    labelNames: ['store'],
    registers,
  });
  return {
    registry,
    settled(intent_type, status, seconds) {
      executed.inc({ intent_type, status });
      if (status !== 'succeeded') failed.inc({ intent_type });
      duration.observe({ intent_type }, seconds);
      const sum = sums.get(intent_type) ?? { ms: 0, count: 0 };
      sums.set(intent_type, { ms: sum.ms + seconds * 1_000, count: sum.count + 1 });
    },
    databaseOperation: (operation) => {
      database.inc({ operation });
    },
    watchPool: (pool, max) => {
      watchPool(pool, max, registers);
    },
    checkedOut: (seconds) => checkouts.observe(seconds),
    ran: (seconds) => queries.observe(seconds),
    poolPressure: (kind) => pressures[kind].inc(),
    watchBreaker(breaker) {
      breakers.push(breaker);
      breakerRefusals.inc({ store: breaker.store }, 0);
    },
    breakerChanged: (store, state) => breakerChanges.inc({ store, state }),
    breakerRefused: (store) => breakerRefusals.inc({ store }),
    watchLedger: (read) => {
      watchLedger(read, registers);
    },
    countPublished: (publisher) => ({
      async publish(messages, options) {
        const outcomes = await publisher.publish(messages, options);
        for (const [index, { topic }] of messages.entries()) {
          if (outcomes[index]?.sent === true) published.inc({ topic });
        }
        return outcomes;
      },
    }),
    countDeadLetters: (store) => ({
      ...store,
      async bury(letters, records) {
        await store.bury(letters, records);
        for (const { message } of letters) buried.inc({ topic: message.topic });
      },
      async redrive(filter, after, limit, outlet) {
        const page = await store.redrive(filter, after, limit, outlet);
        redriven.inc(page.redriven);
        return page;
      },
    }),
  };
}

function watchPool(pool: PoolGauges, max: number, registers: Registry[]): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge('pg_pool_connections', 'Open connections', () => pool.totalCount);
  gauge('pg_pool_idle_connections', 'Open connections nobody uses', () => pool.idleCount);
  gauge('pg_pool_waiting_requests', 'Requests waiting for a connection', () => pool.waitingCount);
  gauge('pg_pool_utilization_ratio', 'Used connections of the maximum', () => (pool.totalCount - pool.idleCount) / max);
}

/** Milliseconds for which a reading of the ledger holds: scrapes of many workers must not become a load. */
const LEDGER_READING_MS = 30_000;

function watchLedger(read: () => Promise<LedgerSize>, registers: Registry[]): void {
  let reading: { readonly at: number; readonly size: Promise<LedgerSize | null> } | undefined;
  const size = (): Promise<LedgerSize | null> => {
    if (reading === undefined || Date.now() - reading.at >= LEDGER_READING_MS) {
      reading = { at: Date.now(), size: read().catch(() => null) };
    }
    return reading.size;
  };
  const gauge = (name: string, help: string, valueOf: (size: LedgerSize) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const known = await size();
        if (known === null) this.remove();
        else this.set(valueOf(known));
      },
    });
  };
  gauge('ledger_rows', 'Rows of the ledger, estimated', ({ rows }) => rows);
  gauge('ledger_bytes', 'Size of the ledger with its indexes', ({ bytes }) => bytes);
  gauge(
    'ledger_prune_lag_seconds',
    'By how much the oldest row that may be pruned is past the retention',
    ({ lagSeconds }) => lagSeconds,
  );
}
