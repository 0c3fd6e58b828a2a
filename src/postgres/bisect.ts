/** Finds the bad ones of a batch, so that they fail alone. */
import type { EffectOutcome } from '../intents/ports.js';
import { toEffectError } from './sqlstate.js';

/**
 * Runs `run` on the whole batch; when something in it is `invalid`, on each half instead, first half first, down to single
 * commands, whose error becomes their outcome. One bad row of 500 costs some 19 runs (2 x log2 of 500, and the first),
 * a batch without one a single run. Every run is a transaction of its own.
 * @throws EffectError of any other class; what was committed by then is in the ledger, and a retry repeats none of it.
 */
export async function bisect<C, R>(
  batch: readonly C[],
  run: (batch: readonly C[]) => Promise<EffectOutcome<R>[]>,
): Promise<EffectOutcome<R>[]> {
  try {
    return await run(batch);
  } catch (error) {
    const classified = toEffectError(error);
    if (classified.failureClass !== 'invalid') throw classified;
    if (batch.length <= 1) {
      return batch.map(() => ({ ok: false, error: classified.message, settled_at: new Date().toISOString() }));
    }
    const middle = Math.ceil(batch.length / 2);
    const first = await bisect(batch.slice(0, middle), run);
    return [...first, ...(await bisect(batch.slice(middle), run))];
  }
}
