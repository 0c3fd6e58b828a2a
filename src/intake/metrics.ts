/** This module defines the metrics of the intake. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** The gauges read this state of the intake. */
interface IntakeState {
  /** Messages between the last one handed over and the partition's end, by partition. */
  lag(): ReadonlyMap<number, number>;
  /** Partitions that wait for a store, for Temporal or for the `.dlq` topic. */
  paused(): number;
  /** Slices started and not yet ended. */
  inFlight(): number;
}

export interface IntakeMetrics {
  watch(state: IntakeState): void;
  envelopes(count: number): void;
  poison(count: number): void;
  /** Counts a consumer that was rebuilt, because the one before had crashed or stood still. */
  rebuilt(): void;
}

export function createIntakeMetrics(registry: Registry): IntakeMetrics {
  const registers = [registry];
  let state: IntakeState | undefined;
  new Gauge({
    name: 'intake_lag',
    help: 'Messages of a partition that are not handed to Temporal yet',
    labelNames: ['partition'],
    registers,
    collect() {
      this.reset();
      for (const [partition, lag] of state?.lag() ?? []) this.set({ partition }, lag);
    },
  });
  new Gauge({
    name: 'intake_partitions_paused',
    help: 'Partitions that wait for a store, for Temporal or for the .dlq topic',
    registers,
    collect() {
      this.set(state?.paused() ?? 0);
    },
  });
  new Gauge({
    name: 'intake_slices_in_flight',
    help: 'Slices started and not yet ended',
    registers,
    collect() {
      this.set(state?.inFlight() ?? 0);
    },
  });
  const envelopes = new Counter({ name: 'intake_envelopes_total', help: 'Envelopes handed to Temporal', registers });
  const poison = new Counter({
    name: 'intake_poison_total',
    help: 'Messages copied to the .dlq topic: no list of intents, an invalid one, or of a slice that was ended by force',
    registers,
  });
  const rebuilt = new Counter({
    name: 'intake_consumer_rebuilds_total',
    help: 'Times the consumer had crashed or stood still and was built anew',
    registers,
  });
  return {
    watch: (watched) => (state = watched),
    envelopes: (count) => envelopes.inc(count),
    poison: (count) => poison.inc(count),
    rebuilt: () => rebuilt.inc(),
  };
}
