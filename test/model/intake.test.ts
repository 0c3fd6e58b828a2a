/**
 * The intake against a model: random sequences of messages, refusals, kills and rebalances, with the real consumer, lanes, slicer and
 * runner between a simulated Kafka and a simulated Temporal, in simulated time. MODEL_RUNS and MODEL_SEED choose others.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sequence } from './sequences.js';
import { Simulation } from './simulation.js';
import { VirtualClock } from './virtual-clock.js';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 5_000);

describe('the intake against a model', () => {
  const clock = new VirtualClock();
  before(() => {
    clock.install();
  });
  after(() => {
    clock.uninstall();
  });

  it(`loses nothing, commits nothing too early and keeps the order, in ${RUNS} random sequences`, async () => {
    const seed = process.env['MODEL_SEED'];
    await fc.assert(
      fc.asyncProperty(sequence, async (given) => {
        assert.deepEqual(await new Simulation(clock, given).run(), []);
      }),
      { numRuns: RUNS, ...(seed === undefined ? {} : { seed: Number(seed) }) },
    );
  }).timeout(300_000);
});
