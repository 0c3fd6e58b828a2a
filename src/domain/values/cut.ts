/**
 * This module has the one way to cut a sequence into parts that fit limits. It is free of Node, because workflow code
 * imports it.
 */

/**
 * Cuts `items`, in their order, into parts within `limits`, which may be of several units, such as intents and bytes.
 * An item over a limit gets a part in which no other item takes of that unit, so that nobody has to refuse it here.
 * @param sizeOf says what an item takes of each unit; of a unit that it leaves out, nothing.
 */
export function* cut<T, Unit extends string>(
  items: Iterable<T>,
  sizeOf: (item: T) => Readonly<Partial<Record<Unit, number>>>,
  limits: Readonly<Record<Unit, number>>,
): Generator<T[], void> {
  let part: T[] = [];
  const taken = new Map<Unit, number>();
  const takenOf = (unit: Unit): number => taken.get(unit) ?? 0;
  for (const item of items) {
    const sizes = Object.entries(sizeOf(item)) as [Unit, number][];
    if (sizes.some(([unit, size]) => takenOf(unit) > 0 && takenOf(unit) + size > limits[unit])) {
      yield part;
      part = [];
      taken.clear();
    }
    part.push(item);
    for (const [unit, size] of sizes) taken.set(unit, takenOf(unit) + size);
  }
  if (part.length > 0) yield part;
}
