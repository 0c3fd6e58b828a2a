/**
 * This module finds the commands of a batch that are invalid, or that wait for a lock nobody can ask for. They alone
 * are left out.
 */
import { type Command, type EffectOutcome, isLocked } from '../../domain/intents/command.js';
import { halve } from '../../domain/values/halve.js';
import { isLockTimeout, toEffectError } from './sqlstate.js';

/**
 * Milliseconds a transaction waits for what it cannot ask for: a row that another one inserts, an id that another one
 * claims, a table. Transactions of ours end within some 20.
 */
const LOCK_MS = 100;
/** Milliseconds the parts of a batch wait. They are many: 180 such commands among 300 make some 500 of these waits. */
const PART_LOCK_MS = 5;
/** Milliseconds the search may take. What still waits then counts as locked, and is asked for again. */
const SEARCH_MS = 5_000;

type Keyed = Pick<Command<unknown>, 'order_key'>;

/**
 * Runs `run` on the whole batch. When something in the batch is `invalid`, `run` gets its halves (`halve`), down to
 * single commands, whose error becomes their reply. Every run is a transaction of its own. Commands that meet a lock
 * time-out are found in the same way. A command that shares the key of a locked one before it is left out too.
 * @param run gets the milliseconds that a statement waits for a lock.
 * @param isTableLocked is asked once, after the first lock time-out: then all commands are locked.
 * @throws EffectError of any other class; what was committed by then is in the ledger, and a retry repeats none of it.
 */
export async function bisect<C extends Keyed, R>(
  batch: readonly C[],
  run: (batch: readonly C[], lockMs: number) => Promise<EffectOutcome<R>[]>,
  isTableLocked: () => Promise<boolean>,
): Promise<EffectOutcome<R>[]> {
  const lockedKeys = new Set<string>();
  let searchEnd = Infinity;
  const replies: EffectOutcome<R>[] = [];

  await halve(batch, async (part) => {
    const lockMs = searchEnd === Infinity ? LOCK_MS : PART_LOCK_MS;
    try {
      add(part, await withoutLocked(part, lockedKeys, (open) => run(open, lockMs)));
      return false;
    } catch (error) {
      const classified = toEffectError(error);
      const locked = isLockTimeout(classified);
      if (!locked && classified.failureClass !== 'invalid') throw classified;
      if (locked && searchEnd === Infinity) searchEnd = (await isTableLocked()) ? 0 : performance.now() + SEARCH_MS;
      const isOver = locked && performance.now() > searchEnd;
      if (part.length > 1 && !isOver) return true;
      add(
        part,
        part.map(() => (locked ? lockedReply() : { ok: false, error: classified.message, settled_at: now() })),
      );
      return false;
    }
  });
  return replies;

  function add(part: readonly C[], given: readonly EffectOutcome<R>[]): void {
    replies.push(...given);
    for (const { order_key } of part.filter((_, index) => isLocked(given[index]))) lockedKeys.add(order_key);
  }
}

/** Runs the commands of keys that are not locked. @returns the replies to all, in their order. */
export async function withoutLocked<C extends Keyed, R>(
  commands: readonly C[],
  lockedKeys: ReadonlySet<string>,
  run: (open: readonly C[]) => Promise<EffectOutcome<R>[]>,
): Promise<EffectOutcome<R>[]> {
  const open = commands.filter(({ order_key }) => !lockedKeys.has(order_key));
  const replies = (open.length === 0 ? [] : await run(open)).values();
  return commands.map(({ order_key }) =>
    lockedKeys.has(order_key) ? lockedReply() : (replies.next().value ?? lockedReply()),
  );
}

const now = (): string => new Date().toISOString();

const lockedReply = (): EffectOutcome<never> => ({
  ok: false,
  locked: true,
  error: 'another transaction has locked its row',
  settled_at: now(),
});
