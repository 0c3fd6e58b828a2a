/**
 * This breaker opens a circuit after so many failures within a window. cockatiel's own breakers do not fit: a ratio
 * needs the number of calls too, and one success interrupts a row of failures.
 */
import { CircuitState, type IBreaker } from 'cockatiel';

export class CountingBreaker implements IBreaker {
  /** Times of the failures within the window, milliseconds since the epoch, oldest first. */
  state: number[] = [];

  /**
   * @param failures that open the circuit.
   * @param windowMs milliseconds in which they have to fall.
   */
  constructor(
    readonly failures: number,
    readonly windowMs: number,
  ) {}

  success(state: CircuitState): void {
    // A success takes nothing back while the circuit is closed, because failures are counted, not failures in a row
    // (docs/seed.md). A probe's success does, since a window may be longer than the circuit was open.
    if (state === CircuitState.HalfOpen) this.state = [];
  }

  failure(state: CircuitState): boolean {
    const now = Date.now();
    this.state = [...this.state.filter((at) => now - at < this.windowMs), now];
    return state === CircuitState.HalfOpen || this.state.length >= this.failures;
  }
}
