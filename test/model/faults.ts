/** This module says what fails in a simulated world at the moment, and repeats drawn values in turn. */
export interface Faults {
  /** Temporal answers, refuses for the time being, says nothing, or refuses everything for good. */
  temporal: 'up' | 'down' | 'silent' | 'refuses';
  /** The number of starts to come whose answer is lost on its way, after Temporal has taken them. */
  lostAnswers: number;
  /** Whether the breakers are open: the stores behind the workers take nothing. */
  breakerOpen: boolean;
  /** The `.dlq` topic takes all copies, none, or only the first of a request. */
  dlq: 'up' | 'down' | 'partly';
  commitsFail: boolean;
}

export const noFaults = (): Faults => ({
  temporal: 'up',
  lostAnswers: 0,
  breakerOpen: false,
  dlq: 'up',
  commitsFail: false,
});

/** Returns one value after the other, again and again. So the values that a shrunk sequence draws stay the same. */
export function cycle<T>(values: readonly T[]): () => T {
  let next = 0;
  return () => {
    const value = values[next % values.length];
    next += 1;
    return value as T;
  };
}

/** Returns a promise that never ends, which is all that a killed process waits for. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
