/** The real activities over stores in memory, each called as by Temporal. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { OutageBudget } from '../../activities/attempts/outage-budget.js';
import { type Activities, createActivities } from '../../activities/index.js';
import { SliceCache } from '../../src/domain/intake/slice-cache.js';
import { QUIET } from './quiet.js';
import { type MemoryPorts, memoryPorts } from './memory-ports.js';

/** The execution that `MockActivityEnvironment` says an activity is of. */
export const EXECUTION = { workflow_id: 'test', run_id: 'dead-beef' };

export interface MemoryActivities extends MemoryPorts {
  /** Slices that this process has at hand. */
  readonly cache: SliceCache;
  /** @param heartbeatDetails what earlier attempts have spent. */
  run<R>(activity: string, input: unknown, heartbeatDetails?: unknown): Promise<R>;
}

/**
 * @param memory of another process, which shares the stores but knows nothing of what was carried out there.
 * @param budget of its outages; default: one by the clock.
 */
export function memoryActivities(
  memory: MemoryPorts = memoryPorts(),
  budget: OutageBudget = new OutageBudget(),
): MemoryActivities {
  const cache = new SliceCache();
  const activities: Activities = createActivities(memory.ports, {
    instruments: { ended: () => undefined },
    budget,
    sliceCache: cache,
  });
  return {
    ...memory,
    // Tests set it on either.
    get refuses() {
      return memory.refuses;
    },
    set refuses(refuses) {
      memory.refuses = refuses;
    },
    cache,
    run: <R>(activity: string, input: unknown, heartbeatDetails?: unknown): Promise<R> => {
      const environment = new MockActivityEnvironment({ heartbeatDetails }, QUIET);
      return environment.run(activities[activity] as (given: unknown) => Promise<R>, input);
    },
  };
}
