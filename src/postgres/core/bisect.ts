/**
 * This module finds the commands of a batch that are invalid, or whose rows are locked, so that they alone are left
 * out.
 */
import type { Command, EffectOutcome, LockWait } from '../../domain/intents/command.js';
import { halve } from '../../domain/values/halve.js';
import { isLockTimeout, toEffectError } from './sqlstate.js';

/** Milliseconds a statement waits for locked rows with the lock wait `park`; a transaction of ours takes some 20. */
const LOCK_MS = 5_000;
/**
 * Milliseconds a statement waits for the rows of a part, to find the locked one, or with the lock wait `probe`. One
 * locked row of 500 costs some nine of these waits.
 */
const PART_LOCK_MS = 50;
/**
 * Milliseconds the search may take. With more rows locked than are found by then, it is the store that is stuck, not a
 * key.
 */
const SEARCH_MS = 15_000;

/**
 * Runs `run` on the whole batch. When something in the batch is `invalid`, `run` gets its halves (`halve`), down to
 * single commands, whose error becomes their outcome. Every run is a transaction of its own. Locked rows are found in
 * the same way, unless `locks` is `patient`. A command that shares the key of a locked one before it is left out too.
 * @param run gets the milliseconds to wait for a row; undefined: as long as the server lets it.
 * @throws EffectError of any other class; what was committed by then is in the ledger, and a retry repeats none of it.
 */
export async function bisect<C extends Pick<Command<unknown>, 'order_key'>, R>(
  batch: readonly C[],
  run: (batch: readonly C[], lockMs?: number) => Promise<EffectOutcome<R>[]>,
  locks: LockWait = 'patient',
): Promise<EffectOutcome<R>[]> {
  const busy = new Set<string>();
  let deadline: number | undefined;

  const outcomes: EffectOutcome<R>[] = [];
  const firstMs = locks === 'patient' ? undefined : locks === 'park' ? LOCK_MS : PART_LOCK_MS;
  /** Commands before this index are of a part that was locked. */
  let lockedUntil = 0;

  await halve(batch, async (part, from) => {
    const lockMs = from < lockedUntil ? PART_LOCK_MS : firstMs;
    try {
      outcomes.push(...(await runOpen(part, lockMs)));
    } catch (error) {
      const classified = toEffectError(error);
      const locked = lockMs !== undefined && isLockTimeout(classified);
      if (!locked && classified.failureClass !== 'invalid') throw classified;
      if (part.length > 1) {
        if (!locked) return true;
        deadline ??= performance.now() + SEARCH_MS;
        if (performance.now() > deadline) throw classified;
        lockedUntil = Math.max(lockedUntil, from + part.length);
        return true;
      }
      for (const { order_key } of part) {
        if (locked) busy.add(order_key);
        outcomes.push(locked ? busyOutcome() : { ok: false, error: classified.message, settled_at: now() });
      }
    }
    return false;
  });
  return outcomes;

  /** Runs the commands whose key is not known to be locked; the others get the reply that they are locked. */
  async function runOpen(commands: readonly C[], lockMs: number | undefined): Promise<EffectOutcome<R>[]> {
    const open = commands.filter(({ order_key }) => !busy.has(order_key));
    const outcomes = open.length === 0 ? [] : await run(open, lockMs);
    const replies = outcomes.values();
    return commands.map(({ order_key }) => (busy.has(order_key) ? undefined : replies.next().value) ?? busyOutcome());
  }
}

const now = (): string => new Date().toISOString();

const busyOutcome = (): EffectOutcome<never> => ({
  ok: false,
  busy: true,
  error: 'another transaction holds its row',
  settled_at: now(),
});
