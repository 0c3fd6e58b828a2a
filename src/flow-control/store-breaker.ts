/**
 * The circuit breaker in front of one store: after several failures of class `unavailable` its calls are refused at once,
 * until one of them has found the store answering again. ADR 0005.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { circuitBreaker, CircuitState, handleAll } from 'cockatiel';
import { EffectError } from '../domain/failures/failure.js';
import { CountingBreaker } from './counting-breaker.js';

/**
 * - `closed`: calls go through.
 * - `open`: calls are refused.
 * - `half-open`: the next call goes through as a probe; while it is under way the others are refused.
 */
export type BreakerState = 'closed' | 'half-open' | 'open';

export interface BreakerOptions {
  /** Label of logs, metrics and checks. */
  readonly store: string;
  /** How messages name the store. */
  readonly title: string;
  /** `error_code` of what is refused: the store at fault. */
  readonly code: string;
  /** Failures within `windowMs` milliseconds that open it. */
  readonly failures: number;
  readonly windowMs: number;
  /** Milliseconds it stays open. */
  readonly openMs: number;
  /** Milliseconds a probe has before it counts as failed. */
  readonly probeMs: number;
}

export interface BreakerListener {
  /** `reason` is the failure that opened it. */
  changed(state: BreakerState, reason?: Error): void;
  refused(): void;
}

export interface StoreBreaker {
  readonly store: string;
  /** An open breaker whose time is over is half-open, also before a call has come to try. */
  readonly state: BreakerState;
  /** Milliseconds until a refused call may come again; 0 when calls are let through. */
  readonly retryAfterMs: number;
  /** Calls through the breaker. @throws EffectError of class `unavailable` with `retryAfterMs` when it refuses. */
  call<T>(work: () => Promise<T>): Promise<T>;
}

export function createStoreBreaker(options: BreakerOptions, listener: BreakerListener): StoreBreaker {
  const { store, title, code, openMs, probeMs } = options;
  const policy = circuitBreaker(handleAll, {
    halfOpenAfter: openMs,
    breaker: new CountingBreaker(options.failures, options.windowMs),
  });
  /** When the state last changed, milliseconds since the epoch. */
  let changedAt = 0;
  /** Another one whenever it opens: a call of an earlier age says nothing about the store of now. */
  let age = Symbol();
  let reason: Error | undefined;
  /** Failures already counted: callers whose work shared one transaction are handed the same error. */
  const counted = new WeakSet<Error>();

  policy.onBreak((failure) => {
    age = Symbol();
    changedAt = Date.now();
    reason = 'error' in failure ? failure.error : undefined;
    listener.changed('open', reason);
  });
  policy.onHalfOpen(() => {
    changedAt = Date.now();
    listener.changed('half-open');
  });
  policy.onReset(() => {
    changedAt = Date.now();
    listener.changed('closed');
  });

  const left = (ms: number): number => Math.max(0, changedAt + ms - Date.now());
  const retryAfterMs = (): number => {
    if (policy.state === CircuitState.Open) return left(openMs);
    // At least 1: while the probe is under way nobody else is let through.
    return policy.state === CircuitState.HalfOpen ? Math.max(1, left(probeMs)) : 0;
  };
  const isNew = (error: unknown): error is EffectError =>
    error instanceof EffectError && error.failureClass === 'unavailable' && !counted.has(error);

  /** Resolves to whether the store was reached, throws when it was not: what the policy counts. */
  async function observe(answer: Promise<unknown>): Promise<void> {
    const started = age;
    try {
      await answer;
    } catch (error) {
      // Any other failure is an answer.
      if (started !== age || !isNew(error)) return;
      counted.add(error);
      throw error;
    }
  }

  /** The same for a probe, which has `probeMs`. */
  async function observeProbe(answer: Promise<unknown>): Promise<void> {
    const answered = new AbortController();
    const late = sleep(probeMs, undefined, { signal: answered.signal }).then(() => {
      throw new EffectError('unavailable', `${title}: no answer to the circuit breaker's probe within ${probeMs} ms`);
    });
    late.catch(() => undefined);
    try {
      await Promise.race([observe(answer), late]);
    } finally {
      answered.abort();
    }
  }

  return {
    store,
    get state() {
      if (policy.state === CircuitState.Closed) return 'closed';
      return policy.state === CircuitState.Open && left(openMs) > 0 ? 'open' : 'half-open';
    },
    get retryAfterMs() {
      return retryAfterMs();
    },
    async call(work) {
      const wait = retryAfterMs();
      if (wait > 0) {
        listener.refused();
        const since = reason === undefined ? '' : `; opened by: ${reason.message}`;
        throw new EffectError('unavailable', `${title}: circuit breaker open for another ${wait} ms${since}`, {
          code,
          retryAfterMs: wait,
        });
      }
      const probing = policy.state === CircuitState.Open;
      const answer = work();
      // The policy only watches: the caller of a probe that is late still gets the store's answer, for its effect may have
      // happened, and failing it would make it happen again.
      await policy.execute(() => (probing ? observeProbe(answer) : observe(answer))).catch(() => undefined);
      return answer;
    },
  };
}
