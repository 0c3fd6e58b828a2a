/** This module has the one way to find the items at fault among many: by halves. */

/**
 * Attempts all items at once. Where that fails for something among them, it attempts each half, the first one first,
 * down to single items. One item at fault of 500 costs some 19 attempts (2 x log2 of 500, and the first). Where no item
 * is at fault, one attempt is enough.
 * @param attempt gets a part, which begins at `items[from]`. It returns whether the part is to be halved; a single item
 * never is.
 */
export async function halve<T>(
  items: readonly T[],
  attempt: (part: readonly T[], from: number) => Promise<boolean>,
): Promise<void> {
  const left: (readonly [from: number, to: number])[] = [[0, items.length]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [from, to] = next;
    const halved = await attempt(items.slice(from, to), from);
    if (!halved || to - from < 2) continue;
    const middle = Math.ceil((from + to) / 2);
    left.push([middle, to], [from, middle]);
  }
}
