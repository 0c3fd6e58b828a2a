/** This module holds the worker's metrics of PostgreSQL: the pool, the statements and the tables that are pruned. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { TableSize } from '../domain/values/table-size.js';
import type { Backlog } from '../postgres/backlog.js';
import { type ReadGauge, watch } from './gauges.js';

interface PoolGauges {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** The pressure says which part of the database is too slow or too full; `pool-pressure.ts` has the limits. */
export type PoolPressure = 'utilization' | 'checkout' | 'query';

export interface DatabaseMetrics {
  /** Counts a call of a store's operation. */
  databaseOperation(operation: string): void;
  /** Reads the pool's gauges whenever the metrics are read. */
  watchPool(pool: PoolGauges, max: number): void;
  /** Observes the seconds that a checkout took, with or without a connection at its end. */
  checkedOut(seconds: number): void;
  /** Observes the seconds for which a statement or a transaction had its connection. */
  ran(seconds: number): void;
  poolPressure(kind: PoolPressure): void;
  /**
   * Reads the size of tables when the metrics are read; a size that cannot be read is absent.
   * @param prefix begins the names of the metrics.
   * @param what says in their help texts what the tables hold.
   */
  watchSize(prefix: string, what: string, read: () => Promise<TableSize>): void;
  /** Reads what waits in the tables when the metrics are read. */
  watchBacklog(read: () => Promise<Backlog>): void;
}

/** Buckets of the histograms, in seconds. The targets of one list lie between 0.02 and 0.2. */
export const BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30];

export function databaseMetrics(registers: Registry[]): DatabaseMetrics {
  const database = new Counter({
    name: 'database_operations_total',
    help: 'Calls of a PostgreSQL store',
    labelNames: ['operation'],
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
  return {
    databaseOperation: (operation) => {
      database.inc({ operation });
    },
    watchPool: (pool, max) => {
      watchPool(pool, max, registers);
    },
    checkedOut: (seconds) => checkouts.observe(seconds),
    ran: (seconds) => queries.observe(seconds),
    poolPressure: (kind) => pressures[kind].inc(),
    watchSize: (prefix, what, read) => {
      watch(sizeGauges(prefix, what), read, registers);
    },
    watchBacklog: (read) => {
      watch(BACKLOG_GAUGES, read, registers);
    },
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

/** @param prefix begins the names of the metrics. @param what says in their help texts what the tables hold. */
const sizeGauges = (prefix: string, what: string): readonly ReadGauge<TableSize>[] => [
  { name: `${prefix}_rows`, help: `Rows of ${what}, estimated`, valueOf: ({ rows }) => rows },
  { name: `${prefix}_bytes`, help: `Size of ${what} with indexes`, valueOf: ({ bytes }) => bytes },
  {
    name: `${prefix}_prune_lag_seconds`,
    help: `By how much the oldest row of ${what} that may be pruned is past the retention`,
    valueOf: ({ lagSeconds }) => lagSeconds,
  },
];

const BACKLOG_GAUGES: readonly ReadGauge<Backlog>[] = [
  { name: 'dead_letters_open', help: 'Dead letters that no broker has taken yet', valueOf: (all) => all.openLetters },
  {
    name: 'dead_letters_oldest_seconds',
    help: 'Age of the oldest open dead letter; 0 without one',
    valueOf: (all) => all.oldestLetterSeconds,
  },
  { name: 'parked_lists', help: 'Lists of the intake that wait for a key', valueOf: (all) => all.parkedLists },
  {
    name: 'parked_lists_oldest_seconds',
    help: 'Age of the oldest parked list; 0 without one',
    valueOf: (all) => all.oldestParkedSeconds,
  },
];
