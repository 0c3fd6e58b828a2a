/**
 * This module asks again for locked rows, apart from the transactions of those who have met no lock. A wait of more
 * than a moment holds no lock, no connection and nobody else's transaction.
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

/** The ways to execute a batch. Both reply to the commands in their order. */
export interface Ways<C, R> {
  /** Executes what is free, and waits for no row. */
  readonly ask: (batch: readonly C[]) => Promise<EffectOutcome<R>[]>;
  /** Waits for the rows in the server's queue, for a moment; then it is as `ask`. */
  readonly queue: (batch: readonly C[]) => Promise<EffectOutcome<R>[]>;
}

/**
 * Wraps the ways in group commits. Commands share transactions, and those that have met a lock share others. They queue
 * once, because transactions of ours that want one row take turns so. Those that only ask starve each other.
 */
export function withLockWait<C, R>(
  { ask, queue }: Ways<C, R>,
  options: GroupCommitOptions = {},
  { now, sleep }: Clock = CLOCK,
): (batch: readonly C[], locks?: LockWait) => Promise<EffectOutcome<R>[]> {
  // There is one at a time of those that have met a lock, so that all who wait for a row come to it together.
  const one = { ...options, maxInFlight: 1 };
  const [shared, asking, queueing] = [groupCommit(ask, options), groupCommit(ask, one), groupCommit(queue, one)];
  return async (batch, locks = 'patient') => {
    const end = now() + PATIENCE_MS[locks];
    const first = await (locks === 'probe' ? asking : shared)(batch);
    let replies = await again(queueing, batch, first);
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      if (!replies.some(isLocked) || now() + pause > end) return replies;
      // The pauses differ, so that those who have met one lock do not come back at one moment.
      await sleep(pause * (0.5 + Math.random()));
      replies = await again(asking, batch, replies);
    }
  };
}

/** Replaces the replies to locked commands by those that `run` gives now. */
async function again<C, R>(
  run: (batch: readonly C[]) => Promise<EffectOutcome<R>[]>,
  batch: readonly C[],
  replies: readonly EffectOutcome<R>[],
): Promise<EffectOutcome<R>[]> {
  const given = (await run(batch.filter((_, index) => isLocked(replies[index])))).values();
  return replies.map((reply) => (isLocked(reply) ? (given.next().value ?? reply) : reply));
}
