/**
 * Failed attempts of an activity, by store and failure class. Temporal counts every attempt alike: after an outage of
 * ten attempts the first deadlock would be final. They are kept in the heartbeat details, which Temporal hands to the
 * next attempt, on whatever worker.
 */
import type { Info } from '@temporalio/activity';
import { z } from 'zod';
import { EffectError, storeAtFault } from '../../src/domain/failures/failure.js';
import { ERROR_CODES, type Store } from '../../src/domain/failures/store.js';

/**
 * `DATABASE_ERROR/transient` -> attempts that failed so. Keys hold error codes, because workers of any version read
 * them.
 */
export type SpentAttempts = Readonly<Record<string, number>>;

const details = z.record(z.string(), z.int().min(0));

/** What earlier attempts left behind; nothing for a first attempt, and for details of another shape. */
export const spentBefore = ({ heartbeatDetails }: Pick<Info, 'heartbeatDetails'>): SpentAttempts =>
  details.safeParse(heartbeatDetails).data ?? {};

/** Attempts that `store` has failed, whatever the class. */
export const failuresOf = (spent: SpentAttempts, store: Store): number =>
  Object.entries(spent).reduce(
    (sum, [key, count]) => (key.startsWith(`${ERROR_CODES[store]}/`) ? sum + count : sum),
    0,
  );

/**
 * Counts one more.
 * @param asked is the store that was asked; one that the error names comes before it.
 * @returns the counts with it, and how many there are of its kind.
 */
export function spend(spent: SpentAttempts, error: unknown, asked: Store): { spent: SpentAttempts; alike: number } {
  const failureClass = error instanceof EffectError ? error.failureClass : 'unknown';
  const key = `${ERROR_CODES[storeAtFault(error, asked)]}/${failureClass}`;
  const alike = (spent[key] ?? 0) + 1;
  return { spent: { ...spent, [key]: alike }, alike };
}
