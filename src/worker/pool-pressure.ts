/**
 * This module reports that the pool is too full or PostgreSQL too slow: each time in the metrics, once in a while in
 * the log.
 */
import type { Logger } from 'pino';
import type { PoolObserver } from '../postgres/core/pool.js';
import type { DatabaseMetrics, PoolPressure } from './database-metrics.js';
import { seldom } from '../flow-control/seldom.js';

/** The utilization of the pool, 0 to 1, from which it counts as exhausted (docs/seed.md). */
const FULL = 0.9;
/** Seconds after which a checkout, a statement or a transaction is slow (docs/seed.md). */
const SLOW = 0.1;

const MESSAGES: Readonly<Record<PoolPressure, string>> = {
  utilization: 'the connection pool of PostgreSQL is nearly exhausted',
  checkout: 'waited long for a connection to PostgreSQL',
  query: 'a statement or transaction of PostgreSQL was slow',
};

type Reported = Pick<DatabaseMetrics, 'checkedOut' | 'ran' | 'poolPressure'>;

export function poolPressure(logger: Pick<Logger, 'warn'>, metrics: Reported, now = Date.now): PoolObserver {
  // Under load every checkout would write a line.
  const due = seldom(now);

  function report(kind: PoolPressure, details: Readonly<Record<string, number>>): void {
    metrics.poolPressure(kind);
    const fields = due(kind);
    if (fields !== undefined) logger.warn({ ...details, ...fields }, MESSAGES[kind]);
  }

  return {
    checkedOut(seconds, used, max) {
      metrics.checkedOut(seconds);
      if (used >= max * FULL) report('utilization', { used, max });
      if (seconds > SLOW) report('checkout', { seconds, used, max });
    },
    ran(seconds) {
      metrics.ran(seconds);
      if (seconds > SLOW) report('query', { seconds });
    },
  };
}
