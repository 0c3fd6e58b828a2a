/** A process of the intake. */
import type { Intake } from '../../src/intake/intake.js';
import type { IntakeMetrics } from '../../src/intake/metrics.js';
import type { SimulatedConsumer } from './simulated-consumer.js';

export interface Process {
  readonly id: number;
  readonly intake: Intake;
  readonly consumers: SimulatedConsumer[];
  state: 'runs' | 'stops' | 'gone';
  /** When the `.dlq` topic refused a copy of it for the last time. */
  refusedAt: number;
  readonly watched: { now?: Parameters<IntakeMetrics['watch']>[0] };
}

/** What its metrics say of work, in the end when there is none. */
export function idle({ state, watched }: Process): string[] {
  if (state !== 'runs') return [];
  const lag = [...(watched.now?.lag().values() ?? [])].reduce((sum, one) => sum + one, 0);
  const found = [lag, watched.now?.paused(), watched.now?.inFlight()].join();
  return found === '0,0,0' ? [] : [`lag, paused and running slices in the end: ${found}`];
}
