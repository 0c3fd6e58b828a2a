/**
 * The keys that lists wait for: one that shares a held key waits, and then holds its own keys too, so that no list overtakes another
 * it shares a key with. Free of zod: workflow code imports it.
 */
export class HeldKeys<Key> {
  readonly #held: Set<Key>;

  constructor(held?: Iterable<Key>) {
    this.#held = new Set(held);
  }

  hold(keys: readonly Key[]): void {
    for (const key of keys) this.#held.add(key);
  }

  /** Whether a list with these keys has to wait; they are held from then on. */
  stops(keys: readonly Key[]): boolean {
    if (!keys.some((key) => this.#held.has(key))) return false;
    this.hold(keys);
    return true;
  }
}
