/** This module ends executions by force, or before they could announce, and shows what a sweep makes of them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { defineEffect } from '../../activities/effects/effect.js';
import * as registry from '../../activities/registry.js';
import type { Intent } from '../../src/client/index.js';
import type { EventType } from '../../src/domain/events/event-types.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import type { SweepReport } from '../../src/domain/sweep/sweep.js';
import { eventIdOf } from '../../src/domain/values/ids.js';
import { until } from '../../src/flow-control/until.js';
import type { Exceptions } from '../invariants/index.js';
import { createEnvironment, type Environment } from './environment.js';
import { readEvents } from './events.js';
import { useGate } from './gate.js';
import { readRecords } from './records.js';
import { rejectionOf } from './rejected.js';

export const identified = <I extends Intent>(intent: I): I & { intent_id: string } => ({
  ...intent,
  intent_id: randomUUID(),
});

/**
 * Makes an environment for the `describe` that calls this. In it lists can be stopped at a gate, and publishing can be
 * broken.
 */
export function useSweeps(except: Exceptions) {
  const gate = useGate();
  const broken = { publishes: false };
  const { publishEvent: announcer, ...others } = registry;
  const publishing = defineEffect(announcer.definition, (ports) => {
    const publish = announcer.create(ports);
    return (batch) => {
      if (broken.publishes) throw new EffectError('invalid', 'neither a broker nor a database');
      return publish(batch);
    };
  });

  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({
      effects: [...Object.values(others), publishing, gate.effect],
      except,
    });
  });
  after(() => environment.close());

  /** Starts a list, and waits until it has come to the gate. */
  async function startHeld(
    intents: readonly Intent[],
    options: object = {},
    runTimeout?: '4 s',
    workflowId = `list-${randomUUID()}`,
  ) {
    const held = gate.close();
    const handle = await environment.temporal.workflow.start('ExecuteIntentsWorkflow', {
      args: [{ intents, ...options }],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId,
      ...(runTimeout === undefined ? {} : { workflowRunTimeout: runTimeout }),
    });
    await held;
    return { workflowId: handle.workflowId, runId: handle.firstExecutionRunId, handle };
  }

  /** Waits until visibility, which lags, knows that a run has ended with this status. */
  const ended = ({ workflowId, runId }: { workflowId: string; runId: string }, status: string): Promise<void> =>
    until(20_000, async () => {
      const query = `WorkflowId = '${workflowId}' AND RunId = '${runId}' AND ExecutionStatus = '${status}'`;
      assert.equal((await environment.temporal.workflow.count(query)).count, 1);
    });

  const sweep = (): Promise<SweepReport> =>
    environment.temporal.workflow.execute('SweepExecutionsWorkflow', {
      // The sweep needs no grace, because nothing of a test is at work any more when it sweeps.
      args: [{ grace_seconds: 0 }],
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `sweep-${randomUUID()}`,
    });

  const eventsOf = async (
    intents: readonly { intent_id: string }[],
    types: readonly EventType[] = ['STATE_PERSISTED'],
  ) => {
    const ids = new Map(
      intents.flatMap(({ intent_id }, index) => types.map((type) => [eventIdOf(intent_id, type), index] as const)),
    );
    return (await readEvents(environment, types)).flatMap(({ envelope }) => {
      const intent = ids.get(envelope.event_id);
      return intent === undefined ? [] : [{ intent, type: envelope.event_type, envelope }];
    });
  };

  const marks = async (workflowId: string) =>
    (
      await environment.pool.query<{ execution_id: string; reason: string | null }>(
        'SELECT execution_id, reason FROM swept_executions WHERE execution_id LIKE $1',
        [`${workflowId}/%`],
      )
    ).rows;

  /** Returns the copies of an envelope on the `.dlq` topic. */
  const copiesOf = async ({ event_id }: { event_id: string }) => {
    const topic = `${environment.config.KAFKA_TOPIC_PREFIX}.reducer.events.intent_emitted.dlq`;
    const records = await readRecords(environment.endpoints.kafka, [topic]);
    return records.flatMap(({ value, raw }) => {
      const copy = rejectionOf(raw.headers);
      const envelope = JSON.parse(value ?? '') as { event_id: string; payload: { intents: unknown[] } };
      assert.equal(copy.event_id, envelope.event_id, 'a header tells the copy from others, as nobody has its offset');
      return envelope.event_id === event_id ? [{ intents: envelope.payload.intents, reason: copy.reason ?? '' }] : [];
    });
  };

  return {
    gate,
    broken,
    startHeld,
    ended,
    sweep,
    eventsOf,
    marks,
    copiesOf,
    get environment() {
      return environment;
    },
  };
}
