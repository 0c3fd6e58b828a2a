/**
 * This module is the circuit breaker in front of one store. After several failures of class `unavailable` calls are
 * refused at once, until a probe has found the store answering again (ADR 0005).
 */
import { circuitBreaker, type CircuitBreakerPolicy, CircuitState, handleAll } from 'cockatiel';
import pTimeout from 'p-timeout';
import { EffectError } from '../domain/failures/failure.js';
import type { Store } from '../domain/failures/store.js';
import { CountingBreaker } from './counting-breaker.js';

/**
 * The state of a breaker decides what happens to calls.
 * - `closed`: calls go through.
 * - `open`: calls are refused.
 * - `half-open`: the next call goes through as a probe; while it is under way the others are refused.
 */
export type BreakerState = 'closed' | 'half-open' | 'open';

export interface BreakerOptions {
  /** The store that a refusal names as at fault; also the label of logs, metrics and checks. */
  readonly store: Store;
  /** The store's name in messages. */
  readonly title: string;
  /** Failures within `windowMs` milliseconds that open the breaker. */
  readonly failures: number;
  readonly windowMs: number;
  /** Milliseconds that the breaker stays open. */
  readonly openMs: number;
  /** Milliseconds a probe has before it counts as failed. */
  readonly probeMs: number;
}

export interface BreakerListener {
  /** Hears of each new state; `reason` is the failure that opened the breaker. */
  changed(state: BreakerState, reason?: Error): void;
  refused(): void;
  /** A call that was made has failed, for whatever reason. */
  failed(error: unknown): void;
}

export interface StoreBreaker {
  readonly store: Store;
  /** An open breaker whose time is over is half-open, also before a call has come to try. */
  readonly state: BreakerState;
  /** Milliseconds until a refused call may come again; 0 when calls are let through. */
  readonly retryAfterMs: number;
  /** Calls through the breaker. @throws EffectError of class `unavailable` with `retryAfterMs` when it refuses. */
  call<T>(work: () => Promise<T>): Promise<T>;
}

export const createStoreBreaker = (options: BreakerOptions, listener: BreakerListener): StoreBreaker =>
  new PolicyBreaker(options, listener);

class PolicyBreaker implements StoreBreaker {
  readonly store: Store;
  readonly #options: BreakerOptions;
  readonly #listener: BreakerListener;
  readonly #policy: CircuitBreakerPolicy;
  /** The time of the state's last change, milliseconds since the epoch. */
  #changedAt = 0;
  /**
   * The age is another one whenever the breaker opens: a call of an earlier age says nothing about the store of now.
   */
  #age = Symbol();
  #reason: Error | undefined;
  /** Failures already counted: callers whose work shared one transaction are handed the same error. */
  readonly #counted = new WeakSet<Error>();

  constructor(options: BreakerOptions, listener: BreakerListener) {
    this.store = options.store;
    this.#options = options;
    this.#listener = listener;
    this.#policy = circuitBreaker(handleAll, {
      halfOpenAfter: options.openMs,
      breaker: new CountingBreaker(options.failures, options.windowMs),
    });
    this.#policy.onBreak((failure) => {
      this.#age = Symbol();
      this.#reason = 'error' in failure ? failure.error : undefined;
      this.#changed('open', this.#reason);
    });
    this.#policy.onHalfOpen(() => this.#changed('half-open'));
    this.#policy.onReset(() => this.#changed('closed'));
  }

  get state(): BreakerState {
    if (this.#policy.state === CircuitState.Closed) return 'closed';
    return this.#policy.state === CircuitState.Open && this.#left(this.#options.openMs) > 0 ? 'open' : 'half-open';
  }

  get retryAfterMs(): number {
    if (this.#policy.state === CircuitState.Open) return this.#left(this.#options.openMs);
    // The wait is at least 1 ms: while the probe is under way nobody else is let through.
    return this.#policy.state === CircuitState.HalfOpen ? Math.max(1, this.#left(this.#options.probeMs)) : 0;
  }

  async call<T>(work: () => Promise<T>): Promise<T> {
    const wait = this.retryAfterMs;
    if (wait > 0) throw this.#refusal(wait);
    const probing = this.#policy.state === CircuitState.Open;
    const answer = work();
    // The policy only watches. The caller of a late probe still gets the store's answer: the effect may have happened,
    // and a failure would make it happen again.
    await this.#policy
      .execute(() => (probing ? this.#observeProbe(answer) : this.#observe(answer)))
      .catch(() => undefined);
    return answer;
  }

  #refusal(wait: number): EffectError {
    this.#listener.refused();
    const { title, store } = this.#options;
    const since = this.#reason === undefined ? '' : `; opened by: ${this.#reason.message}`;
    return new EffectError('unavailable', `${title}: circuit breaker open for another ${wait} ms${since}`, {
      store,
      retryAfterMs: wait,
      cause: this.#reason,
    });
  }

  /** Resolves when the store was reached, and throws when it was not; the policy counts what is thrown. */
  async #observe(answer: Promise<unknown>): Promise<void> {
    const started = this.#age;
    try {
      await answer;
    } catch (error) {
      this.#listener.failed(error);
      // Any other failure is an answer.
      if (started !== this.#age || !this.#isNew(error)) return;
      this.#counted.add(error);
      throw error;
    }
  }

  /** Observes the answer to a probe, which has `probeMs`. */
  #observeProbe(answer: Promise<unknown>): Promise<void> {
    const { title, probeMs } = this.#options;
    return pTimeout(this.#observe(answer), {
      milliseconds: probeMs,
      fallback: () => {
        throw new EffectError('unavailable', `${title}: no answer to the circuit breaker's probe within ${probeMs} ms`);
      },
    });
  }

  #isNew(error: unknown): error is EffectError {
    return error instanceof EffectError && error.failureClass === 'unavailable' && !this.#counted.has(error);
  }

  #changed(state: BreakerState, reason?: Error): void {
    this.#changedAt = Date.now();
    this.#listener.changed(state, reason);
  }

  #left(ms: number): number {
    return Math.max(0, this.#changedAt + ms - Date.now());
  }
}
