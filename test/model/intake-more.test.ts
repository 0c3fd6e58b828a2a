/** The other half of the random sequences: a file of their own, for another process to run. */
import { itKeepsItsPromises, useVirtualClock } from './random-sequences.js';

describe('the intake against a model, once more', () => {
  itKeepsItsPromises(useVirtualClock(), 1);
});
