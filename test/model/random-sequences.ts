/** This module runs the random sequences of a model test. MODEL_RUNS (of each file) and MODEL_SEED choose others. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sequence } from './sequences.js';
import { Simulation } from './simulation.js';
import { VirtualClock } from './virtual-clock.js';

/** The number of sequences of one file. Two files run side by side: 5,000 together. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 2_500);
const SEED = Number(process.env['MODEL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

export function useVirtualClock(): VirtualClock {
  const clock = new VirtualClock();
  const { stackTraceLimit } = Error;
  before(() => {
    clock.install();
    // Each abort and each refusal by design makes an error. The stacks of these errors would take a tenth of the time.
    Error.stackTraceLimit = 0;
  });
  after(() => {
    clock.uninstall();
    Error.stackTraceLimit = stackTraceLimit;
  });
  return clock;
}

/** @param half which of the two files: each draws its own sequences. */
export function itKeepsItsPromises(clock: VirtualClock, half: 0 | 1): void {
  it(`loses nothing, commits nothing too early and keeps the order, in ${RUNS} random sequences`, async () => {
    await fc.assert(
      fc.asyncProperty(sequence, async (given) => {
        assert.deepEqual(await new Simulation(clock, given).run(), []);
      }),
      { numRuns: RUNS, seed: SEED + half, endOnFailure: process.env['MODEL_NO_SHRINK'] === '1' },
    );
  }).timeout(600_000);
}
