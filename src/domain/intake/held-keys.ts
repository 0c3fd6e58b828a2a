/**
 * Held keys are the keys that lists wait for. A list that shares one waits, and then holds its own keys too; so no list
 * overtakes another that it shares a key with. Free of zod: workflow code imports it.
 */
export class HeldKeys<Key> {
  readonly #keys: Set<Key>;

  constructor(keys?: Iterable<Key>) {
    this.#keys = new Set(keys);
  }

  hold(keys: readonly Key[]): void {
    for (const key of keys) this.#keys.add(key);
  }

  /** Whether a list with these keys has to wait. If it has, it holds them from then on. */
  stops(keys: readonly Key[]): boolean {
    if (!keys.some((key) => this.#keys.has(key))) return false;
    this.hold(keys);
    return true;
  }
}
