/**
 * This module asks again for locked rows, apart from the transactions of those who have met no lock. A wait holds no
 * lock, no connection and nobody else's transaction.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { groupCommit, type GroupCommitOptions } from '../../flow-control/group-commit.js';
import { type EffectOutcome, isLocked, type LockWait } from '../../domain/intents/command.js';

/** Milliseconds for which locked rows are asked for again. A transaction of ours takes some 20. */
const PATIENCE_MS: Readonly<Record<LockWait, number>> = { patient: 10_000, park: 1_000, probe: 200 };
/** Milliseconds before the rows are asked for again; doubled each time, up to the longest. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 160;

/** The time, which a test goes through at once. */
export interface Clock {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

const CLOCK: Clock = { now: () => performance.now(), sleep };

/**
 * Wraps `run` in group commits. Its commands share transactions, and those with locked rows share others.
 * @param run waits for no lock; it replies to the commands in their order.
 */
export function withLockWait<C, R>(
  run: (batch: readonly C[]) => Promise<EffectOutcome<R>[]>,
  options: GroupCommitOptions = {},
  { now, sleep }: Clock = CLOCK,
): (batch: readonly C[], locks?: LockWait) => Promise<EffectOutcome<R>[]> {
  const shared = groupCommit(run, options);
  // There is one at a time, so that all who wait for a row ask for it together.
  const waiting = groupCommit(run, { ...options, maxInFlight: 1 });
  return async (batch, locks = 'patient') => {
    const end = now() + PATIENCE_MS[locks];
    let replies = await (locks === 'probe' ? waiting : shared)(batch);
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const locked = batch.filter((_, index) => isLocked(replies[index]));
      if (locked.length === 0 || now() + pause > end) return replies;
      // The pauses differ, so that those who have met one lock do not come back at one moment.
      await sleep(pause * (0.5 + Math.random()));
      const again = (await waiting(locked)).values();
      replies = replies.map((reply) => (isLocked(reply) ? (again.next().value ?? reply) : reply));
    }
  };
}
