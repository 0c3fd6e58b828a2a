/**
 * Held keys are the keys that lists wait for. A list that shares one waits, and then holds its own keys too. So no list
 * overtakes another that it shares a key with. This module is free of zod, because workflow code imports it.
 */
export class HeldKeys<Key> {
  readonly #keys: Set<Key>;

  constructor(keys?: Iterable<Key>) {
    this.#keys = new Set(keys);
  }

  hold(keys: readonly Key[]): void {
    for (const key of keys) this.#keys.add(key);
  }

  /** Returns whether a list with these keys has to wait. A list that has to wait holds its keys from then on. */
  stops(keys: readonly Key[]): boolean {
    if (!keys.some((key) => this.#keys.has(key))) return false;
    this.hold(keys);
    return true;
  }
}
