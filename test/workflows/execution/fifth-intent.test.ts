/**
 * These tests follow docs/extending/intent.md. They add a fifth type with its order key, limits, announcement and
 * metrics, and make no other change.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { defineEffect } from '../../../activities/effects/effect.js';
import { builtinEffects } from '../../../activities/index.js';
import type { Intent, Result } from '../../../src/client/index.js';
import { counted, defineIntent } from '../../../src/domain/intents/definition.js';
import { guid } from '../../../src/domain/intents/fields.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents } from '../../support/events.js';
import { publishEvent } from '../../support/intents.js';

const calls: string[][] = [];

const definition = defineIntent({
  type: 'TagWorkflow',
  target: 'store_effect',
  defaultPriority: 3,
  schema: z.looseObject({ workflow_id: guid, tag: z.string().min(1).max(100) }),
  activity: 'tagWorkflows',
  retryPolicy: 'write',
  limits: { count: 2, bytes: 900_000 },
  orderKey: (payload) => payload.workflow_id,
  describe: (payloads) => counted(payloads.length, 'tag'),
  store: 'postgres',
  announce: (result) => ({ event_type: 'NODE_HEARTBEAT', partition_key: null, payload: { tag: result['tag'] } }),
});

const tagWorkflow = defineEffect(definition, () => ({ commands }) => {
  calls.push(commands.map(({ payload }) => payload.tag));
  return Promise.resolve(
    commands.map(({ payload }) => ({
      ok: true as const,
      result: { tag: payload.tag.toUpperCase() },
      settled_at: new Date().toISOString(),
      repeated: false,
    })),
  );
});

describe('a fifth intent type', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({
      effects: [...builtinEffects, tagWorkflow],
      except: { contract: 'the fifth type announces an event that no contract has' },
    });
  });
  after(() => environment.close());

  it('is validated, planned, batched, ordered, announced, reported and counted from its definition', async () => {
    const workflow_id = randomUUID();
    const tag = (text: string): Intent =>
      ({
        intent_type: 'TagWorkflow',
        target: 'store_effect',
        payload: { workflow_id, tag: text },
      }) as unknown as Intent;
    const requestId = randomUUID();
    const report = await environment.client.executeIntents(
      [publishEvent(), ...['a', 'b', 'c', 'd', 'e'].map(tag), tag('')],
      { requestId, failFastPriority: 9 },
    );
    assert.equal(report.outcome, 'partial');
    const tags = report.results.slice(1, 6).map((result: Result) => Reflect.get(result, 'tag') as unknown);
    assert.deepEqual(tags, ['A', 'B', 'C', 'D', 'E']);
    assert.match(report.results[6]!.error ?? '', /^payload\.tag: expected at least 1 characters, got string ""$/);
    assert.deepEqual(calls, [['a', 'b'], ['c', 'd'], ['e']], 'batches of two, in order');

    const history = await environment.temporal.workflow.getHandle(requestId).fetchHistory();
    const scheduled = history.events?.flatMap(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
    );
    assert.deepEqual(scheduled, ['tagWorkflows', 'tagWorkflows', 'tagWorkflows', 'publishEvents']);

    const events = await readEvents(environment, ['NODE_HEARTBEAT']);
    assert.deepEqual(
      events.map(({ envelope }) => envelope.payload['tag']),
      ['A', 'B', 'C', 'D', 'E'],
    );

    const metrics = await (await fetch(`http://127.0.0.1:${environment.worker?.httpPort ?? 0}/metrics`)).text();
    assert.match(metrics, /intents_executed_total\{intent_type="TagWorkflow",status="succeeded"\} 5/);
  });
});
