/** This module works on the items of an input while it is still being read. */
import pLimit from 'p-limit';

/** The most items that are read before their turn. A list of 1.5 MB, times this, is what the memory has to hold. */
const READ_AHEAD = 100;

/** Uses the items as they come, `concurrency` at once. @throws whatever `use` throws first, when it does. */
export async function forEachAsItComes<T>(
  items: AsyncIterable<T>,
  concurrency: number,
  use: (item: T) => Promise<void>,
): Promise<void> {
  const limit = pLimit(concurrency);
  const used = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for await (const item of items) {
    const one: Promise<void> = limit(use, item)
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => used.delete(one));
    used.add(one);
    if (used.size >= concurrency + READ_AHEAD) await Promise.race(used);
    if (failure !== undefined) break;
  }
  await Promise.all(used);
  if (failure !== undefined) throw failure.error;
}

/** Reads items up to the first that `isWanted`. Returns them, and an iterable of all items. */
export async function readUntil<T>(
  items: AsyncGenerator<T>,
  isWanted: (item: T) => boolean,
): Promise<{ readonly found: boolean; readonly all: AsyncIterable<T> }> {
  const read: T[] = [];
  let found = false;
  for (let next = await items.next(); next.done !== true; next = await items.next()) {
    read.push(next.value);
    found = isWanted(next.value);
    if (found) break;
  }
  return {
    found,
    all: (async function* () {
      yield* read;
      yield* items;
    })(),
  };
}
