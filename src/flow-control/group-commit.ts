/**
 * A group commit lets batches share a transaction: those that concurrent activities hand in while one is under way
 * share the next. One row a statement writes 2,800 rows/s, 500 rows a statement 95,800.
 *
 * The queue is our own rather than `dataloader`. `dataloader` bounds a batch by its number of keys, but a key would be
 * a whole chunk here, of one to 500 rows. Nor does it know how many batches are in flight.
 */
import { cut } from '../domain/values/cut.js';
import { EffectError } from '../domain/failures/failure.js';

export interface GroupCommitOptions {
  /** Most entries of one transaction; default 500. A chunk that is larger travels alone. */
  readonly maxEntries?: number;
  /** Most transactions at once; default 4: more only wait for each other's rows and log writes. */
  readonly maxInFlight?: number;
  /** The linger: milliseconds that the first batch waits for others. Default 0: a lone caller waits for nobody. */
  readonly lingerMs?: number;
}

interface Chunk<C, O> {
  readonly entries: readonly C[];
  readonly resolve: (outcomes: O[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Returns whether an error says something of the store, and not of what was sent to it. */
const isOfStore = (error: unknown): boolean =>
  error instanceof EffectError && (error.failureClass === 'transient' || error.failureClass === 'unavailable');

/**
 * Wraps `run` in a group commit. Each caller gets the outcomes of its own entries, in their order; a chunk is never
 * split, so its order holds. An error of class `transient` or `unavailable` fails every chunk that shared the
 * transaction. After any other error each chunk is run again alone, so that a chunk which cannot be run fails none but
 * itself.
 */
export function groupCommit<C, O>(
  run: (entries: readonly C[]) => Promise<O[]>,
  { maxEntries = 500, maxInFlight = 4, lingerMs = 0 }: GroupCommitOptions = {},
): (entries: readonly C[]) => Promise<O[]> {
  let waiting: Chunk<C, O>[] = [];
  let inFlight = 0;
  let timer: NodeJS.Timeout | undefined;

  const entriesWaiting = () => waiting.reduce((sum, { entries }) => sum + entries.length, 0);

  function flushWhatFits(): void {
    while (inFlight < maxInFlight) {
      if (timer !== undefined && entriesWaiting() < maxEntries) return;
      const [group] = cut(waiting, ({ entries }) => ({ entries: entries.length }), { entries: maxEntries });
      if (group === undefined) return;
      waiting = waiting.slice(group.length);
      inFlight += 1;
      void flush(group).finally(() => {
        inFlight -= 1;
        flushWhatFits();
      });
    }
  }

  async function flush(group: readonly Chunk<C, O>[]): Promise<void> {
    try {
      const outcomes = await run(group.flatMap(({ entries }) => entries));
      let start = 0;
      for (const { entries, resolve } of group) resolve(outcomes.slice(start, (start += entries.length)));
    } catch (error) {
      if (group.length > 1 && !isOfStore(error)) {
        for (const chunk of group) await flush([chunk]);
      } else {
        for (const { reject } of group) reject(error);
      }
    }
  }

  return (entries) => {
    if (entries.length === 0) return Promise.resolve([]);
    return new Promise<O[]>((resolve, reject) => {
      waiting.push({ entries, resolve, reject });
      if (lingerMs > 0 && timer === undefined) {
        timer = setTimeout(() => {
          timer = undefined;
          flushWhatFits();
        }, lingerMs);
      }
      // Callers of the same turn of the event loop travel together.
      queueMicrotask(flushWhatFits);
    });
  };
}
