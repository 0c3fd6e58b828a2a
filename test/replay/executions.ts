/** This module starts one execution of each workflow but ExecuteIntentsWorkflow, with something to do. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Intent } from '../../src/client/index.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import type { SliceList } from '../../src/domain/intake/list.js';
import { until } from '../../src/flow-control/until.js';
import type { Environment } from '../support/environment.js';
import { persistFsmTransition, persistState, publishEvent } from '../support/intents.js';

type Run = (environment: Environment) => Promise<WorkflowHandle>;

/**
 * The executions by the name of their file. They run in this order, because each finds what those before it have
 * written.
 */
export const EXECUTIONS: Readonly<Record<string, Run>> = {
  slice: async (environment) => {
    const again = list(persistState(), publishEvent());
    return ended(
      await start(environment, 'ExecuteSliceWorkflow', {
        lists: [
          again,
          // The first of these lists stops at its first intent, and the second one is rejected. Neither stops the
          // others.
          list({ ...persistState(), payload: {}, priority: 9 }, persistFsmTransition()),
          { ...list(persistState()), options: { failFastPriority: 'high' } },
          again,
        ],
      }),
    );
  },

  // One list stops at its first intent, one is refused, one is a repeat, and one has to leave for a locked row.
  lists: (environment) =>
    whileHeld(environment, async (held, free) => {
      const again = { request_id: `again-${randomUUID()}`, intents: [persistState(), publishEvent()] };
      const shared = await start(environment, 'ExecuteListsWorkflow', {
        lists: [
          again,
          { intents: [{ ...persistState(), payload: {}, priority: 9 }, persistFsmTransition()] },
          { intents: [], options: { failFastPriority: 'high' } },
          again,
          { request_id: `waits-${randomUUID()}`, intents: [persistState({}, { priority: 9 }), held] },
        ],
      });
      await shared.result();
      await free();
      return shared;
    }),

  'lists-cancelled': async (environment) => {
    const { temporal, config } = environment;
    const request_id = `cancelled-${randomUUID()}`;
    const shared = await temporal.workflow.signalWithStart('ExecuteListsWorkflow', {
      args: [{ lists: [{ request_id, intents: [persistState()] }, { intents: [persistState()] }] }],
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      workflowId: `recorded-${randomUUID()}`,
      signal: 'cancelList',
      signalArgs: [request_id],
    });
    return ended(shared);
  },

  'parked-lists': (environment) =>
    whileHeld(environment, async (held, free) => {
      const partition = `intake/recorded.${randomUUID()}/0`;
      await ended(await start(environment, 'ExecuteSliceWorkflow', { lists: [list(held)] }, partition));
      const parked = environment.temporal.workflow.getHandle(`${partition}/parked`);
      // The execution has tried the parked list once in vain, and waits.
      await until(30_000, async () => {
        const { events } = await parked.fetchHistory();
        assert.ok(events?.some(({ timerStartedEventAttributes }) => timerStartedEventAttributes != null));
      });
      await free();
      return ended(parked);
    }),

  verdicts: async (environment) => {
    const { rows } = await environment.pool.query<{ event_id: string }>('SELECT event_id FROM intake_verdicts LIMIT 2');
    return ended(await start(environment, 'FindVerdictsWorkflow', { event_ids: rows.map(({ event_id }) => event_id) }));
  },

  recovery: async (environment) => ended(await start(environment, 'RecoverFsmStatesWorkflow', {})),

  redrive: async (environment) => {
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'AGGREGATION_STARTED');
    await environment.pool.query(
      `INSERT INTO dead_letters (intent_id, event_id, topic, message_key, message_value, failure_reason, retry_attempts)
       SELECT gen_random_uuid(), gen_random_uuid(), t, 'k', '{}', 'recorded', 3 FROM unnest($1::text[]) t`,
      // One letter is of a topic that does not exist, so it stays.
      [[topic, `${topic}.missing`]],
    );
    return ended(await start(environment, 'RedriveDeadLettersWorkflow', {}));
  },

  sweep: (environment) =>
    whileHeld(environment, async (held, free) => {
      const told = { ...persistState(), priority: 9 };
      const terminated = await start(environment, 'ExecuteIntentsWorkflow', { intents: [told, held] });
      await until(30_000, async () => assert.equal(await stateCount(environment, told.payload.aggregation_id), 1));
      await terminated.terminate();
      await free();
      const query = `WorkflowId = '${terminated.workflowId}' AND ExecutionStatus = 'Terminated'`;
      await until(30_000, async () => assert.equal((await environment.temporal.workflow.count(query)).count, 1));
      return ended(await start(environment, 'SweepExecutionsWorkflow', { grace_seconds: 0 }));
    }),

  prune: async (environment) => {
    await environment.pool.query(`UPDATE executed_intents SET settled_at = now() - INTERVAL '100 days'`);
    return ended(await start(environment, 'PruneLedgerWorkflow', {}));
  },

  'prune-fsm-states': async (environment) => ended(await start(environment, 'PruneFsmStatesWorkflow', {})),
};

const list = (...intents: unknown[]): SliceList => ({ event_id: randomUUID(), correlation_id: null, intents });

const start = (
  { temporal, config }: Environment,
  type: string,
  input: unknown,
  workflowId = `recorded-${randomUUID()}`,
): Promise<WorkflowHandle> =>
  temporal.workflow.start(type, { args: [input], taskQueue: config.TEMPORAL_TASK_QUEUE, workflowId });

async function ended(handle: WorkflowHandle): Promise<WorkflowHandle> {
  await handle.result();
  return handle;
}

/** @param work gets an intent whose row stays locked until it calls `free`. */
async function whileHeld<T>(
  { client, pool }: Environment,
  work: (held: Intent, free: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const held = persistState();
  await client.executeIntents([held]);
  const holder = await pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('UPDATE bridge_state_rows SET updated_at = now() WHERE bridge_id = $1', [
      held.payload.aggregation_id,
    ]);
    return await work(persistState({ aggregation_id: held.payload.aggregation_id }), async () => {
      await holder.query('ROLLBACK');
    });
  } finally {
    holder.release(true);
  }
}

async function stateCount({ pool }: Environment, bridgeId: string): Promise<number | null> {
  const { rowCount } = await pool.query('SELECT FROM bridge_states WHERE bridge_id = $1', [bridgeId]);
  return rowCount;
}
