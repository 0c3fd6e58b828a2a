/**
 * This module measures the ceiling of the intake. It does what the intake's activities do to the stores, slice after
 * slice, by the same stores and in the same batches. There is no Temporal, and there are no envelopes to read.
 */
import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import { parseItem } from '../../activities/execution/commands.js';
import { persistState } from '../../activities/effects/persist-state.js';
import { publishEvent } from '../../activities/effects/publish-event.js';
import { endpointsOf } from '../../src/cli/context.js';
import type { Intent } from '../../src/client/index.js';
import { loadConfig } from '../../src/config.js';
import { type EventInput, makeEnvelope, toMessage } from '../../src/domain/events/envelope.js';
import type { Command } from '../../src/domain/intents/command.js';
import type { PersistStatePayload } from '../../src/domain/intents/persist-state/schema.js';
import type { PublishEventPayload } from '../../src/domain/intents/publish-event/schema.js';
import { listHash } from '../../src/domain/values/ids.js';
import { makeReport } from '../../src/domain/execution/report.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { createLogger } from '../../src/log.js';
import { openAdapters } from '../../src/worker/compose.js';
import { createMetrics } from '../../src/worker/metrics.js';
import type { Installation } from './installation.js';
import { event, many, state } from './lists.js';

/** A slice's intents, half of them states and half events. */
export const SLICE = 500;
export const LISTS = 25;
/** Slices at once: the concurrency of the intake. */
const SLICES_AT_ONCE = 12;

/** @returns intents a second. */
export async function directly({ env }: Installation, slices: number): Promise<number> {
  const config = loadConfig(env);
  const endpoints = await endpointsOf(config);
  const adapters = openAdapters(config, endpoints, createLogger('silent'), createMetrics());
  const { bridgeStates, ledger, deadLetters, publisher, verdicts, source } = adapters.ports;

  const messageOf = (input: Omit<EventInput, 'timestamp'>) =>
    toMessage(source.topicPrefix, makeEnvelope(source, { ...input, timestamp: new Date().toISOString() }));

  async function send(messages: ReturnType<typeof messageOf>[]): Promise<void> {
    await deadLetters.store.blocked(messages);
    const outcomes = await publisher.publish(messages);
    if (!outcomes.every(({ sent }) => sent)) throw new Error('an event was not sent');
  }

  async function runSlice(): Promise<void> {
    const states = commandsOf<PersistStatePayload>(persistState, many(SLICE / 2, state));
    const events = commandsOf<PublishEventPayload>(publishEvent, many(SLICE / 2, event));
    // The first tier writes the rows, with their ledger rows.
    await bridgeStates.persist(states);
    // The second tier publishes the events, and the announcements of the rows.
    await ledger.find(events.map(({ intent_id }) => intent_id));
    await send([
      ...states.map(({ intent_id, payload: { aggregation_id } }) =>
        messageOf({ intentId: intent_id, eventType: 'STATE_PERSISTED', payload: { aggregation_id } }),
      ),
      ...events.map(({ intent_id, payload }) =>
        messageOf({ intentId: intent_id, eventType: payload.event_type, payload }),
      ),
    ]);
    await ledger.record(
      events.map((command) => ({ ...command, intent_type: 'PublishEvent', result: { event_published: true } })),
    );
    // The answers are stored, then published.
    const results = [...states, ...events].map(({ intent_id }) => resultOf(intent_id));
    const answers = Array.from({ length: LISTS }, (_, index) => {
      const head = { request_id: randomUUID(), workflow_id: 'bench', outcome: 'completed' } as const;
      const own = results.filter((_result, at) => at % LISTS === index);
      const event_id = randomUUID();
      const list = { event_id, correlation_id: 'bench', intents: [] };
      const verdict = { event_id, correlation_id: 'bench', ...makeReport(head, own) };
      return { list, verdict, list_hash: listHash([event_id]) };
    });
    await verdicts.store(answers);
    await send(
      answers.map(({ verdict }) =>
        messageOf({ intentId: verdict.event_id, eventType: 'INTENT_RESULT', payload: { ...verdict } }),
      ),
    );
  }

  try {
    await runSlice();
    const started = performance.now();
    await pLimit(SLICES_AT_ONCE).map(Array.from({ length: slices }), runSlice);
    return (slices * SLICE) / ((performance.now() - started) / 1_000);
  } finally {
    await adapters.close();
  }
}

/** Makes a result that is as long as a real one. */
const resultOf = (intent_id: string): IntentResult => ({
  intent_id,
  intent_type: 'PersistState',
  status: 'succeeded',
  success: true,
  error: null,
  execution_time_ms: 12.34,
  timestamp: new Date().toISOString(),
  aggregation_id: randomUUID(),
  namespaces_persisted: ['bench.services.metadata'],
  total_workflows: 10,
  total_items: 100,
});

function commandsOf<P>(
  { definition }: { definition: Parameters<typeof parseItem>[0] },
  intents: readonly Intent[],
): Command<P>[] {
  const parsed = intents.map((intent) => parseItem(definition, { intent_id: randomUUID(), intent }));
  return parsed.flatMap(({ item: { intent_id }, intent }) =>
    intent.ok
      ? [
          {
            intent_id,
            payload_hash: intent.hash,
            execution_id: 'bench/direct',
            correlation_id: 'bench',
            order_key: intent.definition.orderKey(intent.payload, 'bench'),
            payload: intent.payload as P,
          },
        ]
      : [],
  );
}
