/** This file has the other half of the random sequences, so that another process can run it. */
import { itKeepsItsPromises, useVirtualClock } from './random-sequences.js';

describe('the intake against a model, once more', () => {
  itKeepsItsPromises(useVirtualClock(), 1);
});
