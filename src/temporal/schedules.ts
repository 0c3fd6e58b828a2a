/**
 * The Temporal Schedules of an installation start what runs without being asked for. `bridge setup` keeps them up to
 * date.
 */
import {
  type Connection,
  ScheduleAlreadyRunning,
  ScheduleClient,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleOptions,
} from '@temporalio/client';
import type { RecoveryRequest } from '../domain/recovery/recovery.js';
import type { RedriveRequest } from '../domain/dead-letters/redrive.js';

export interface ScheduleSettings {
  /** Part of every schedule's id, so that two installations on one server do not share them. */
  readonly taskQueue: string;
  /** Seconds between two automatic redrives; 0: none. */
  readonly redriveSeconds: number;
  /** Days the ledger is kept; 0: for ever, and nothing is pruned. */
  readonly retentionDays: number;
  /** Days that transitions and ended workflows are kept; 0: for ever, and nothing is pruned. */
  readonly fsmRetentionDays: number;
  /** Seconds between two sweeps; 0: none. */
  readonly sweepSeconds: number;
  /** Seconds between two recoveries of FSM states; 0: none. */
  readonly recoverySeconds: number;
  /** Whether the recovery's schedule is created paused. */
  readonly recoveryPaused: boolean;
}

type Definition = Pick<ScheduleOptions, 'spec' | 'policies'> & {
  readonly scheduleId: string;
  readonly enabled: boolean;
  /** Whether the schedule is created paused; afterwards a person decides. */
  readonly paused: boolean;
  readonly action: Extract<ScheduleOptions['action'], { type: 'startWorkflow' }>;
};

const definitionsOf = ({ taskQueue, ...settings }: ScheduleSettings): Definition[] => {
  const { redriveSeconds, retentionDays, fsmRetentionDays, sweepSeconds, recoverySeconds, recoveryPaused } = settings;
  const redrive: RedriveRequest = { automatic: true };
  const recovery: RecoveryRequest = {};
  return [
    {
      enabled: redriveSeconds > 0,
      name: 'redrive-dead-letters',
      // Runs that were missed while the server was down are not made up for: the next one takes all letters anyway.
      timing: { every: `${Math.max(1, redriveSeconds)} s`, jitter: '5 s', catchupWindow: '1 min' },
      action: { workflowType: 'RedriveDeadLettersWorkflow', args: [redrive], staticSummary: 'automatic redrive' },
    },
    {
      enabled: retentionDays > 0,
      name: 'prune-ledger',
      // A missed run is made up for within a day, because the next one, tomorrow, is late.
      timing: { every: '1 day', jitter: '1 h', catchupWindow: '1 day' },
      action: { workflowType: 'PruneLedgerWorkflow', args: [], staticSummary: 'deletes what is past the retention' },
    },
    {
      enabled: fsmRetentionDays > 0,
      name: 'prune-fsm-states',
      timing: { every: '1 day', jitter: '1 h', catchupWindow: '1 day' },
      action: {
        workflowType: 'PruneFsmStatesWorkflow',
        args: [],
        staticSummary: 'deletes transitions and ended workflows that are past the retention',
      },
    },
    {
      enabled: sweepSeconds > 0,
      name: 'sweep-executions',
      timing: { every: `${Math.max(1, sweepSeconds)} s`, jitter: '5 s', catchupWindow: '1 min' },
      action: {
        workflowType: 'SweepExecutionsWorkflow',
        args: [],
        staticSummary: 'announces what executions could not',
      },
    },
    {
      enabled: recoverySeconds > 0,
      paused: recoveryPaused,
      name: 'recover-fsm-states',
      // A missed recovery is made up for within 10 min only: a server that comes back has enough to do. Reducers that
      // were up all the time need a recovery least then.
      timing: { every: `${Math.max(1, recoverySeconds)} s`, jitter: '5 min', catchupWindow: '10 min' },
      action: {
        workflowType: 'RecoverFsmStatesWorkflow',
        args: [recovery],
        staticSummary: 'gives the reducers their states',
      },
    },
  ].map(({ enabled, paused = false, name, timing: { every, jitter, catchupWindow }, action }) => ({
    scheduleId: `${name}-${taskQueue}`,
    enabled,
    paused,
    spec: { intervals: [{ every }], jitter },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow },
    action: { type: 'startWorkflow', workflowId: `${name}-${taskQueue}`, taskQueue, ...action },
  }));
};

/** Creates, updates or deletes our schedules; whether one is paused is left as it is. @returns ids of those created. */
export async function ensureSchedules(
  connection: Connection,
  namespace: string,
  settings: ScheduleSettings,
): Promise<string[]> {
  const client = new ScheduleClient({ connection, namespace });
  const created: string[] = [];
  for (const { enabled, paused, ...definition } of definitionsOf(settings)) {
    const handle = client.getHandle(definition.scheduleId);
    if (!enabled) {
      await handle.delete().catch(ignoreMissing);
      continue;
    }
    try {
      await client.create({ ...definition, state: { paused } });
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
