/**
 * This cache keeps the slices of this process, so that their intents travel once: with the start of their workflow.
 * Activities get the slice's key and the position. Without the slice here, they read it from the workflow's history.
 */

/**
 * A cached slice is the input `{lists}` of a slice. It is taken as unknown, because any client may start the workflow.
 */
export interface CachedSlice {
  readonly input: unknown;
}

/** The most slices kept, a megabyte or two each. It is more than run at once by default (12). */
const SLICES = 32;

export class SliceCache {
  readonly #slices = new Map<string, CachedSlice>();

  /** @param key the key by which the slice's workflow names it. */
  put(key: string, input: unknown): CachedSlice {
    const slice = { input };
    this.#slices.delete(key);
    this.#slices.set(key, slice);
    for (const oldest of this.#slices.keys()) {
      if (this.#slices.size <= SLICES) break;
      this.#slices.delete(oldest);
    }
    return slice;
  }

  get(key: string): CachedSlice | undefined {
    return this.#slices.get(key);
  }

  /** Deletes a slice, when its lists are answered or parked. */
  delete(key: string): void {
    this.#slices.delete(key);
  }
}
