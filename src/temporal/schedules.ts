/** Temporal Schedules of an installation: what runs without being asked for. Kept up to date by `bridge setup`. */
import {
  type Connection,
  ScheduleAlreadyRunning,
  ScheduleClient,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleOptions,
} from '@temporalio/client';
import type { RedriveRequest } from '../intents/redrive.js';

export interface ScheduleSettings {
  readonly namespace: string;
  /** Part of every schedule's id, so that two installations on one server do not share them. */
  readonly taskQueue: string;
  /** Seconds between two automatic redrives; 0: none. */
  readonly redriveSeconds: number;
}

type Definition = Pick<ScheduleOptions, 'spec' | 'policies'> & {
  readonly scheduleId: string;
  readonly enabled: boolean;
  readonly action: Extract<ScheduleOptions['action'], { type: 'startWorkflow' }>;
};

const definitionsOf = ({ taskQueue, redriveSeconds }: ScheduleSettings): Definition[] => {
  const redrive: RedriveRequest = { automatic: true };
  return [
    {
      scheduleId: `redrive-dead-letters-${taskQueue}`,
      enabled: redriveSeconds > 0,
      spec: { intervals: [{ every: `${Math.max(1, redriveSeconds)} s` }], jitter: '5 s' },
      // What was missed while the server was down is not made up for: the next run takes all letters anyway.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 min' },
      action: {
        type: 'startWorkflow',
        workflowType: 'RedriveDeadLettersWorkflow',
        workflowId: `redrive-dead-letters-${taskQueue}`,
        taskQueue,
        args: [redrive],
        staticSummary: 'automatic redrive',
      },
    },
  ];
};

/** Creates, updates or deletes our schedules; whether one is paused is left as it is. @returns ids of those created. */
export async function ensureSchedules(connection: Connection, settings: ScheduleSettings): Promise<string[]> {
  const client = new ScheduleClient({ connection, namespace: settings.namespace });
  const created: string[] = [];
  for (const { enabled, ...definition } of definitionsOf(settings)) {
    const handle = client.getHandle(definition.scheduleId);
    if (!enabled) {
      await handle.delete().catch(ignoreMissing);
      continue;
    }
    try {
      await client.create(definition);
      created.push(definition.scheduleId);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await handle.update((before) => ({ ...before, ...definition }));
    }
  }
  return created;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
