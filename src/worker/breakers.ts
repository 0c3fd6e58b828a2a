/**
 * This module makes the circuit breakers of a worker. Their settings come from the environment, their changes go to the
 * log and the metrics, and their state goes to `/ready`.
 */
import type { Logger } from 'pino';
import { type RefusedLogins, refusedLogins } from '../flow-control/refused-logins.js';
import { type BreakerOptions, createStoreBreaker, type StoreBreaker } from '../flow-control/store-breaker.js';
import type { Config } from '../config.js';
import { EffectError } from '../domain/failures/failure.js';
import type { EventPublisher, SendOutcome } from '../domain/events/publisher.js';
import type { Check } from './http.js';
import type { Metrics } from './metrics.js';

export interface Breakers {
  readonly postgres: StoreBreaker;
  readonly kafka: StoreBreaker;
}

export function createBreakers(
  config: Config,
  logger: Logger,
  metrics: Metrics,
  isRefused: RefusedLogins = refusedLogins(logger, metrics.loginRefused),
): Breakers {
  const create = (options: BreakerOptions): StoreBreaker => {
    const { store } = options;
    const breaker = createStoreBreaker(options, {
      changed(state, reason) {
        metrics.breakerChanged(store, state);
        const fields = { store, state, ...(reason === undefined ? {} : { err: reason }) };
        logger[state === 'open' ? 'warn' : 'info'](fields, `circuit breaker of ${options.title}: ${state}`);
      },
      refused: () => metrics.breakerRefused(store),
      failed: (error) => void isRefused(store, error),
    });
    metrics.watchBreaker(breaker);
    return breaker;
  };
  metrics.showOutageBudget(config.OUTAGE_BUDGET_SECONDS);
  return {
    postgres: create({
      store: 'postgres',
      title: 'PostgreSQL',
      failures: config.PG_BREAKER_FAILURES,
      windowMs: config.PG_BREAKER_WINDOW_SECONDS * 1_000,
      openMs: config.PG_BREAKER_OPEN_SECONDS * 1_000,
      probeMs: config.PG_BREAKER_PROBE_SECONDS * 1_000,
    }),
    kafka: create({
      store: 'kafka',
      title: 'Kafka',
      failures: config.KAFKA_BREAKER_FAILURES,
      windowMs: config.KAFKA_BREAKER_WINDOW_SECONDS * 1_000,
      openMs: config.KAFKA_BREAKER_OPEN_SECONDS * 1_000,
      probeMs: config.KAFKA_BREAKER_PROBE_SECONDS * 1_000,
    }),
  };
}

/**
 * Puts every operation of a port behind a store's breaker, so that none can be forgotten.
 * @param past operations that go past the breaker.
 */
export const guardAll = <P extends object>(breaker: StoreBreaker, port: P, past: readonly (keyof P)[] = []): P =>
  Object.fromEntries(
    Object.entries<Operation>(port as Readonly<Record<string, Operation>>).map(([name, operation]) => [
      name,
      past.includes(name as keyof P) ? operation : guard(breaker, operation),
    ]),
  ) as P;

type Operation = (...args: unknown[]) => Promise<unknown>;

/**
 * Puts one operation behind a breaker. An empty batch goes past it: it asks the store nothing, and would be a probe
 * that always succeeds.
 */
const guard =
  (breaker: StoreBreaker, operation: Operation): Operation =>
  (...args) => {
    const [batch] = args;
    return Array.isArray(batch) && batch.length === 0 ? operation(...args) : breaker.call(() => operation(...args));
  };

/**
 * Puts a publisher behind its breaker. A publisher returns an outcome for each message instead of throwing, so this
 * counts an unavailable broker as a failure. Messages that the breaker refuses have an outcome too: not sent.
 */
export const guardPublisher = (breaker: StoreBreaker, publisher: EventPublisher): EventPublisher => ({
  async publish(messages, options) {
    if (messages.length === 0) return [];
    let outcomes: SendOutcome[] | undefined;
    try {
      return await breaker.call(async () => {
        outcomes = await publisher.publish(messages, options);
        for (const outcome of outcomes) {
          if (!outcome.sent && outcome.error.failureClass === 'unavailable') throw outcome.error;
        }
        return outcomes;
      });
    } catch (error) {
      if (!(error instanceof EffectError)) throw error;
      return outcomes ?? messages.map(() => ({ sent: false, error }));
    }
  },
});

/**
 * Checks the readiness of a store behind a breaker. With an open breaker the store is not ready, and is not asked.
 * Otherwise it is asked past the breaker, since a probe of the breaker would take the turn of an effect.
 */
export const checkBehind = (breaker: StoreBreaker, ask: () => Promise<Check>) => async (): Promise<Check> => {
  const { state, retryAfterMs } = breaker;
  if (state === 'open') return { ok: false, detail: `circuit breaker open for another ${retryAfterMs} ms` };
  const check = await ask();
  return state === 'closed' ? check : { ...check, detail: `${check.detail}; circuit breaker ${state}` };
};
