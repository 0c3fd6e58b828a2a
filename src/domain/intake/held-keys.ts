/**
 * The keys that lists wait for: one that shares a held key waits, and then holds its own keys too, so that no list overtakes another
 * it shares a key with. Free of zod: workflow code imports it.
 */
export class HeldKeys<Key> {
  readonly #keys: Set<Key>;

  constructor(keys?: Iterable<Key>) {
    this.#keys = new Set(keys);
  }

  hold(keys: readonly Key[]): void {
    for (const key of keys) this.#keys.add(key);
  }

  /** Whether a list with these keys has to wait; they are held from then on. */
  stops(keys: readonly Key[]): boolean {
    if (!keys.some((key) => this.#keys.has(key))) return false;
    this.hold(keys);
    return true;
  }
}
