/**
 * This module chooses partitions for emitted lists that have no order: those without a request id and a correlation id.
 * Lists of one moment share a partition, so that one slice executes them (ADR 0043).
 */
import { randomInt } from 'node:crypto';
import { SLICE_INTENTS } from '../domain/intake/slice.js';

/** Milliseconds from the first list of a group to its last. Callers that hear of one slice emit again within 5 ms. */
const GROUP_MS = 20;
/** Emitters begin at different partitions, of any number that a topic has. */
const FIRST = 1_000_000;

export class FreePartitions {
  #partition = randomInt(FIRST);
  #intents = 0;
  #since = -Infinity;

  /**
   * Returns a number that names a partition, modulo how many there are. The next group has the next partition, so that
   * slices of an emitter run side by side.
   * @param now milliseconds, of any clock that goes forward.
   */
  next(intents: number, now = performance.now()): number {
    if (now - this.#since > GROUP_MS || this.#intents + intents > SLICE_INTENTS) {
      this.#partition += 1;
      this.#intents = 0;
      this.#since = now;
    }
    this.#intents += intents;
    return this.#partition;
  }
}
