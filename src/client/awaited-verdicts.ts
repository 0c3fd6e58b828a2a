/**
 * This file alone decides when the service is asked for verdicts of emitted lists (ADR 0023). All callers of a client
 * share one question at a time, so 50 of them cost little more than one.
 */
import { isFinal, type Verdict } from '../domain/intake/list.js';
import { ClosedError, ResultTimeoutError } from './errors.js';
import type { VerdictQuestions } from './verdict-questions.js';

/** Milliseconds before the first question. Callers gather meanwhile, and most lists are answered by then. */
const FIRST_MS = 100;
/**
 * Milliseconds by which a stored verdict may come late: while one question is answered, the pause behind it and the
 * next answer. Answers of more than a third of it make it later.
 */
const LONGEST_MS = 1_000;
/**
 * A pause behind a slow answer is so many times the answer's time, up to `LOADED_MS`: many clients must not fill a
 * server with questions.
 */
const PAUSE_FACTOR = 2;
const LOADED_MS = 3_000;
/** Milliseconds for the answer to the last question, which begins when a caller's time is over. */
const LAST_ANSWER_MS = 5_000;
/** The longest time of a timer, 24 days; one that is longer ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Waiter {
  /** Whether the waiter's time is over: the answer to the question it is part of, or else to the next, is its last. */
  late: boolean;
  /** Starts the time for the answer to the waiter's last question, which has begun. */
  lastAsked(): void;
  /** Gives the waiter a stored verdict, which may be of a run that the waiter knows already. */
  resolve(verdict: Verdict): void;
  expire(): void;
  close(): void;
}

export class AwaitedVerdicts {
  readonly #questions: Pick<VerdictQuestions, 'ask' | 'close'>;
  readonly #waiting = new Map<string, Set<Waiter>>();
  #closed = false;
  /** The waiters for the answer to the open question; null when none is open. */
  #asked: ReadonlySet<Waiter> | null = null;
  /** The error of the last question; undefined when it did not fail. */
  #failure: unknown;
  #timer: NodeJS.Timeout | undefined;
  /** When the next question is due, by `performance.now()` like all times here. */
  #dueAt = Infinity;
  /** The time before which no question begins, so that the server has a pause after each answer. */
  #pausedUntil = 0;
  /** When the latest caller began to wait. */
  #newestSince = 0;

  constructor(questions: Pick<VerdictQuestions, 'ask' | 'close'>) {
    this.#questions = questions;
  }

  /**
   * Waits for a list's verdict. However short the time, the service is asked.
   * @throws ResultTimeoutError after the time and the last answer, which has 5 s and may come behind an open question;
   * ClosedError.
   * @param after the verdict of a run that the caller knows already; undefined: any run will do.
   */
  result(eventId: string, timeoutMs: number, after?: Pick<Verdict, 'rerun_at'>): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new ClosedError(eventId));
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        this.#remove(eventId, waiter);
      };
      const waiter: Waiter = {
        late: false,
        lastAsked: () => {
          timer = setTimeout(() => waiter.expire(), LAST_ANSWER_MS);
        },
        resolve: (verdict) => {
          if (after !== undefined && verdict.rerun_at === after.rerun_at && !isFinal(verdict)) return;
          end();
          resolve(verdict);
        },
        expire: () => {
          end();
          reject(new ResultTimeoutError(eventId, timeoutMs, this.#failure));
        },
        close: () => {
          end();
          reject(new ClosedError(eventId));
        },
      };
      let timer = setTimeout(
        () => {
          waiter.late = true;
          if (this.#asked?.has(waiter) === true) waiter.lastAsked();
          else this.#askAt(performance.now());
        },
        Math.min(timeoutMs, LONGEST_TIMER_MS),
      );
      this.#waiting.set(eventId, (this.#waiting.get(eventId) ?? new Set()).add(waiter));
      this.#newestSince = performance.now();
      this.#askAt(Math.max(this.#newestSince + FIRST_MS, this.#pausedUntil));
    });
  }

  /** Ends all questions; each caller that waits gets a ClosedError at once. */
  close(): void {
    this.#closed = true;
    this.#questions.close();
    for (const waiter of this.#waiters()) waiter.close();
  }

  #waiters(): Waiter[] {
    return [...this.#waiting.values()].flatMap((waiters) => [...waiters]);
  }

  #remove(eventId: string, waiter: Waiter): void {
    const waiters = this.#waiting.get(eventId);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiting.delete(eventId);
    if (this.#waiting.size === 0) this.#forgetQuestion();
  }

  /**
   * Asks at a time, or sooner if a question is due sooner. The end of an open question says when the next one is due.
   */
  #askAt(at: number): void {
    if (this.#asked !== null || at >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = at;
    this.#timer = setTimeout(() => void this.#ask(), at - performance.now());
  }

  #forgetQuestion(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
  }

  async #ask(): Promise<void> {
    this.#forgetQuestion();
    const asked = new Set(this.#waiters());
    this.#asked = asked;
    for (const waiter of asked) if (waiter.late) waiter.lastAsked();
    const began = performance.now();
    this.#failure = await this.#questions
      .ask([...this.#waiting.keys()], (verdict) => {
        for (const waiter of this.#waiting.get(verdict.event_id) ?? []) waiter.resolve(verdict);
      })
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    this.#asked = null;
    for (const waiter of asked) if (waiter.late) waiter.expire();
    if (this.#waiting.size > 0) this.#askAt(this.#nextAt(performance.now(), began));
  }

  /**
   * Returns when the next question is due: a list that has long had no answer is not asked about for as long again.
   */
  #nextAt(now: number, began: number): number {
    const took = now - began;
    const room = Math.max(took, LONGEST_MS - 2 * took);
    const isSlow = took > LONGEST_MS / 2;
    this.#pausedUntil = now + Math.min(isSlow ? LOADED_MS : room, PAUSE_FACTOR * took);
    if (this.#waiters().some(({ late }) => late)) return now;
    const age = now - this.#newestSince;
    return Math.max(this.#pausedUntil, now + Math.min(room, Math.max(FIRST_MS, age)));
  }
}
