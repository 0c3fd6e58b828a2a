/** Finds the commands of a batch that are invalid, or whose rows are locked, so that they alone are left out. */
import type { Command, EffectOutcome, LockWait } from '../../domain/intents/command.js';
import { isLockTimeout, toEffectError } from './sqlstate.js';

/** Milliseconds a statement waits for the rows of a batch that does not wait for ever: a transaction of ours takes some 20. */
const LOCK_MS = 5_000;
/** And of its parts, to find out which it is: one locked row of 500 costs some nine of these. */
const PART_LOCK_MS = 50;
/** Milliseconds the search may take. With more rows locked than are found by then, it is the store that is stuck, not a key. */
const SEARCH_MS = 15_000;

/**
 * Runs `run` on the whole batch; when something in it is `invalid`, on each half instead, first half first, down to single
 * commands, whose error becomes their outcome. One bad row of 500 costs some 19 runs (2 x log2 of 500, and the first),
 * a batch without one a single run. Every run is a transaction of its own. Locked rows are found in the same way unless
 * `locks` is `patient`; commands behind one that is left out are left out too, when they share its key.
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

  async function part(commands: readonly C[], lockMs: number | undefined): Promise<EffectOutcome<R>[]> {
    try {
      return await runOpen(commands, lockMs);
    } catch (error) {
      const classified = toEffectError(error);
      const locked = lockMs !== undefined && isLockTimeout(classified);
      if (!locked && classified.failureClass !== 'invalid') throw classified;
      if (commands.length <= 1) {
        if (locked) for (const { order_key } of commands) busy.add(order_key);
        return commands.map(() =>
          locked ? busyOutcome() : { ok: false, error: classified.message, settled_at: now() },
        );
      }
      if (locked) {
        deadline ??= performance.now() + SEARCH_MS;
        if (performance.now() > deadline) throw classified;
      }
      const middle = Math.ceil(commands.length / 2);
      const partMs = locked ? PART_LOCK_MS : lockMs;
      const first = await part(commands.slice(0, middle), partMs);
      return [...first, ...(await part(commands.slice(middle), partMs))];
    }
  }

  /** All but those whose key is known to be locked. */
  async function runOpen(commands: readonly C[], lockMs: number | undefined): Promise<EffectOutcome<R>[]> {
    const open = commands.filter(({ order_key }) => !busy.has(order_key));
    const outcomes = open.length === 0 ? [] : await run(open, lockMs);
    const replies = outcomes.values();
    return commands.map(({ order_key }) => (busy.has(order_key) ? undefined : replies.next().value) ?? busyOutcome());
  }

  return part(batch, locks === 'patient' ? undefined : locks === 'park' ? LOCK_MS : PART_LOCK_MS);
}

const now = (): string => new Date().toISOString();

const busyOutcome = (): EffectOutcome<never> => ({
  ok: false,
  busy: true,
  error: 'another transaction holds its row',
  settled_at: now(),
});
