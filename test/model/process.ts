/** This module describes a process of the intake. */
import type { Intake } from '../../src/intake/intake.js';
import type { IntakeMetrics } from '../../src/intake/metrics.js';
import type { SimulatedConsumer } from './simulated-consumer.js';

export interface Process {
  readonly id: number;
  readonly intake: Intake;
  readonly consumers: SimulatedConsumer[];
  state: 'runs' | 'stops' | 'gone';
  /** The time at which the `.dlq` topic last refused a copy of the process. */
  refusedAt: number;
  readonly watched: { now?: Parameters<IntakeMetrics['watch']>[0] };
}

/** Returns what the metrics of a process say of work, in the end when there must be no work. */
export function idle({ state, watched }: Process): string[] {
  if (state !== 'runs') return [];
  const lag = [...(watched.now?.lag().values() ?? [])].reduce((sum, one) => sum + one, 0);
  const found = [lag, watched.now?.paused(), watched.now?.inFlight()].join();
  return found === '0,0,0' ? [] : [`lag, paused and running slices in the end: ${found}`];
}
