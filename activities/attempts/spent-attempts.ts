/**
 * Spent attempts are the failed attempts of an activity, by store and failure class, with the time since which each
 * store fails. Temporal counts every attempt alike: after an outage of ten attempts the first deadlock would be final.
 * Spent attempts are kept in the heartbeat details, which Temporal hands to the next attempt, on whatever worker.
 */
import type { Info } from '@temporalio/activity';
import { z } from 'zod';
import type { FailingSince } from '../../src/domain/execution/batch.js';
import { EffectError, storeAtFault } from '../../src/domain/failures/failure.js';
import { ERROR_CODES, type Store } from '../../src/domain/failures/store.js';

/**
 * The keys of spent attempts hold error codes, because workers of any version read them.
 * - `DATABASE_ERROR/transient` is the number of attempts that failed with this class.
 * - `DATABASE_ERROR since` is the time at which the first attempt began that the store failed, in milliseconds since
 *   the epoch.
 */
export type SpentAttempts = Readonly<Record<string, number>>;

const details = z.record(z.string(), z.int().min(0));

const sinceKey = (store: Store): string => `${ERROR_CODES[store]} since`;

/** Returns what earlier attempts have spent: nothing for a first attempt, and for details of another shape. */
export const spentBefore = ({ heartbeatDetails }: Pick<Info, 'heartbeatDetails'>): SpentAttempts =>
  details.safeParse(heartbeatDetails).data ?? {};

/** Counts the attempts that `store` has failed, whatever the class. */
export const failuresOf = (spent: SpentAttempts, store: Store): number =>
  sum(spent, (key) => key.startsWith(`${ERROR_CODES[store]}/`));

/** Counts the attempts that any store has failed. An attempt that ended without a word is not among them. */
export const allFailures = (spent: SpentAttempts): number => sum(spent, (key) => key.includes('/'));

const sum = (spent: SpentAttempts, counts: (key: string) => boolean): number =>
  Object.entries(spent).reduce((total, [key, count]) => (counts(key) ? total + count : total), 0);

/** Returns when the first attempt began that `store` failed; undefined: none has failed. */
export const failingSince = (spent: SpentAttempts, store: Store): number | undefined => spent[sinceKey(store)];

/** Returns spent attempts that begin with outages which are known already. */
export const spentIn = (outages: FailingSince): SpentAttempts =>
  Object.fromEntries(Object.entries(outages).map(([errorCode, since]) => [`${errorCode} since`, since]));

/**
 * Returns the spent attempts, should the attempt that began at `startedAt` fail too. A running attempt sends them with
 * each heartbeat, because it may end without a word.
 */
export const failingFrom = (spent: SpentAttempts, store: Store, startedAt: number): SpentAttempts => ({
  [sinceKey(store)]: startedAt,
  ...spent,
});

/**
 * Counts one more failed attempt.
 * @param asked is the store that was asked; a store that the error names comes before it.
 * @returns the spent attempts with this one, and the number of those that failed like it.
 */
export function spend(spent: SpentAttempts, error: unknown, asked: Store): { spent: SpentAttempts; alike: number } {
  const failureClass = error instanceof EffectError ? error.failureClass : 'unknown';
  const key = `${ERROR_CODES[storeAtFault(error, asked)]}/${failureClass}`;
  const alike = (spent[key] ?? 0) + 1;
  return { spent: { ...spent, [key]: alike }, alike };
}
