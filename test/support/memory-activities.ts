/** This module runs the real activities over stores in memory, each as Temporal would call it. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { OutageBudget } from '../../activities/attempts/outage-budget.js';
import { type Activities, createActivities } from '../../activities/index.js';
import { SliceCache } from '../../src/domain/intake/slice-cache.js';
import { QUIET } from './quiet.js';
import { type MemoryPorts, memoryPorts } from './memory-ports.js';

/** The execution that every activity belongs to, as `MockActivityEnvironment` says. */
export const EXECUTION = { workflow_id: 'test', run_id: 'dead-beef' };

export interface MemoryActivities extends MemoryPorts {
  /** Slices that this process has in memory. */
  readonly cache: SliceCache;
  /** The number of conflicts that this process has counted. */
  readonly conflicts: number;
  /** @param heartbeatDetails what earlier attempts have spent. */
  run<R>(activity: string, input: unknown, heartbeatDetails?: unknown): Promise<R>;
}

/**
 * @param memory of another process: this one shares its stores, but knows nothing of what was executed there.
 * @param budget of this process's outages; default: one by the clock.
 */
export function memoryActivities(
  memory: MemoryPorts = memoryPorts(),
  budget: OutageBudget = new OutageBudget(),
): MemoryActivities {
  const cache = new SliceCache();
  let conflicts = 0;
  const activities: Activities = createActivities(memory.ports, {
    instruments: { ended: () => undefined, conflicted: (lists) => (conflicts += lists) },
    budget,
    sliceCache: cache,
  });
  return {
    ...memory,
    // Tests set `refuses` on these activities or on their memory, so both are one field.
    get refuses() {
      return memory.refuses;
    },
    set refuses(refuses) {
      memory.refuses = refuses;
    },
    cache,
    get conflicts() {
      return conflicts;
    },
    run: <R>(activity: string, input: unknown, heartbeatDetails?: unknown): Promise<R> => {
      const environment = new MockActivityEnvironment({ heartbeatDetails }, QUIET);
      return environment.run(activities[activity] as (given: unknown) => Promise<R>, input);
    },
  };
}
