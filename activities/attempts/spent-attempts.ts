/**
 * Failed attempts of an activity, by store and failure class. Temporal counts every attempt alike: after an outage of ten
 * attempts the first deadlock would be final. They are kept in the heartbeat details, which Temporal hands to the next attempt,
 * on whatever worker.
 */
import type { Info } from '@temporalio/activity';
import { z } from 'zod';
import { EffectError } from '../../src/domain/failures/failure.js';

/** `DATABASE_ERROR/transient` -> attempts that failed so. */
export type SpentAttempts = Readonly<Record<string, number>>;

const details = z.record(z.string(), z.int().min(0));

/** What earlier attempts left behind; nothing for a first attempt, and for details of another shape. */
export const spentBefore = ({ heartbeatDetails }: Pick<Info, 'heartbeatDetails'>): SpentAttempts =>
  details.safeParse(heartbeatDetails).data ?? {};

/** Attempts that `store` has failed, whatever the class. */
export const failuresOf = (spent: SpentAttempts, store: string): number =>
  Object.entries(spent).reduce((sum, [key, count]) => (key.startsWith(`${store}/`) ? sum + count : sum), 0);

/**
 * Counts one more.
 * @param errorCode of the intent type; an error that names its store comes before it.
 * @returns the counts with it, and how many there are of its kind.
 */
export function spend(
  spent: SpentAttempts,
  error: unknown,
  errorCode: string,
): { spent: SpentAttempts; alike: number } {
  const { code = null, failureClass = 'unknown' } = error instanceof EffectError ? error : {};
  const key = `${code ?? errorCode}/${failureClass}`;
  const alike = (spent[key] ?? 0) + 1;
  return { spent: { ...spent, [key]: alike }, alike };
}
