/**
 * This module counts the failed attempts of an activity by store and failure class. Temporal counts every attempt
 * alike: after an outage of ten attempts the first deadlock would be final. The counts are kept in the heartbeat
 * details, which Temporal hands to the next attempt, on whatever worker.
 */
import type { Info } from '@temporalio/activity';
import { z } from 'zod';
import { EffectError, storeAtFault } from '../../src/domain/failures/failure.js';
import { ERROR_CODES, type Store } from '../../src/domain/failures/store.js';

/**
 * Spent attempts are numbers of failed attempts by keys such as `DATABASE_ERROR/transient`. The keys hold error codes,
 * because workers of any version read them.
 */
export type SpentAttempts = Readonly<Record<string, number>>;

const details = z.record(z.string(), z.int().min(0));

/**
 * Returns the counts that earlier attempts left behind; none for a first attempt, and none for details of another
 * shape.
 */
export const spentBefore = ({ heartbeatDetails }: Pick<Info, 'heartbeatDetails'>): SpentAttempts =>
  details.safeParse(heartbeatDetails).data ?? {};

/** Returns how many attempts `store` has failed, whatever the class. */
export const failuresOf = (spent: SpentAttempts, store: Store): number =>
  Object.entries(spent).reduce(
    (sum, [key, count]) => (key.startsWith(`${ERROR_CODES[store]}/`) ? sum + count : sum),
    0,
  );

/**
 * Counts one more failed attempt.
 * @param asked is the store that was asked; a store that the error names comes before it.
 * @returns the counts with the new attempt, and the number of attempts that failed like it.
 */
export function spend(spent: SpentAttempts, error: unknown, asked: Store): { spent: SpentAttempts; alike: number } {
  const failureClass = error instanceof EffectError ? error.failureClass : 'unknown';
  const key = `${ERROR_CODES[storeAtFault(error, asked)]}/${failureClass}`;
  const alike = (spent[key] ?? 0) + 1;
  return { spent: { ...spent, [key]: alike }, alike };
}
