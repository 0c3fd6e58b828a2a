/** What fails in a simulated world at the moment, and how long things take. */
export interface Faults {
  /** Temporal: answers, refuses for the time being, says nothing, or refuses everything for good. */
  temporal: 'up' | 'down' | 'silent' | 'refuses';
  /** Answers of this many starts to come are lost on their way, after Temporal has taken them. */
  lostAnswers: number;
  /** The stores behind the workers take nothing. */
  breakerOpen: boolean;
  /** The `.dlq` topic: takes copies, none, or the first of a request only. */
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

/** A value after the other, again and again: what a shrunk sequence draws stays the same. */
export function cycle<T>(values: readonly T[]): () => T {
  let next = 0;
  return () => {
    const value = values[next % values.length];
    next += 1;
    return value as T;
  };
}

/** What a killed process waits for. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
