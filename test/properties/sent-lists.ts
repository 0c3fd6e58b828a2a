/** This module sends lists as JSON text past every client of ours, and waits for their ends. */
import assert from 'node:assert/strict';
import { type IntentsReport, RefusedError, type Result } from '../../src/client/index.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { until } from '../../src/flow-control/until.js';
import type { Environment } from '../support/environment.js';
import { readRecords } from '../support/records.js';
import { rejectionOf } from '../support/rejected.js';
import { startRaw } from '../support/start-raw.js';
import { kafkaOf } from '../support/kafka-of.js';

export const WAYS = ['started', 'emitted'] as const;

export interface Sent {
  readonly way: (typeof WAYS)[number];
  /** The workflow id, or the event id. */
  readonly id: string;
  readonly text: string;
}
/** An end of a list is its results, or the reason why it has none. */
export type End = { readonly refused: string } | { readonly results: readonly Result[] };

/** Milliseconds in which all lists end, on a busy machine. */
const END_MS = 60_000;

/** Sends all lists. @returns their ends, in their order. */
export async function endsOf(environment: Environment, sent: readonly Sent[]): Promise<End[]> {
  const emitted = sent.filter(({ way }) => way === 'emitted');
  await emit(environment, emitted);
  const started = sent
    .filter(({ way }) => way === 'started')
    .map(async (list) => [list.id, await start(environment, list)] as const);
  const ends = new Map([...(await Promise.all(started)), ...(await answersOf(environment, emitted))]);
  return sent.map(({ id }) => ends.get(id)!);
}

async function start(environment: Environment, { id, text }: Sent): Promise<End> {
  await startRaw(environment, id, text);
  const { temporal, client } = environment;
  try {
    return await temporal.withDeadline(Date.now() + END_MS, () => client.result(id));
  } catch (error) {
    if (error instanceof RefusedError) return { refused: error.message };
    throw error;
  }
}

async function emit({ endpoints, config }: Environment, sent: readonly Sent[]): Promise<void> {
  const producer = kafkaOf(endpoints.kafka).producer();
  await producer.connect();
  const head = '"envelope_version":"1.0","event_type":"INTENT_EMITTED","correlation_id":"c"';
  const messages = sent.map(({ id, text }) => ({ key: id, value: `{${head},"event_id":"${id}","payload":${text}}` }));
  await producer.send({ topic: topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED'), messages });
  await producer.disconnect();
}

/** Waits for the verdicts of lists. A list that cannot be read has none, but a copy on the `.dlq` topic. */
const answersOf = ({ endpoints, config, pool }: Environment, sent: readonly Sent[]): Promise<[string, End][]> =>
  until(END_MS, async () => {
    const { rows } = await pool.query<{ event_id: string; verdict: IntentsReport & { readonly error?: string } }>(
      'SELECT event_id, verdict FROM intake_verdicts',
    );
    const ends = new Map<string, End>(
      rows.map(({ event_id, verdict }) => [
        event_id,
        verdict.error === undefined ? verdict : { refused: verdict.error },
      ]),
    );
    const dlq = `${topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED')}.dlq`;
    for (const { key, raw } of await readRecords(endpoints.kafka, [dlq])) {
      const { reason = '' } = rejectionOf(raw.headers);
      // A list with an invalid intent is copied too, and has a verdict.
      if (!reason.startsWith('payload.intents[') && key !== null) ends.set(key, { refused: reason });
    }
    return sent.map(({ id }) => {
      const end = ends.get(id);
      assert.ok(end, `neither a verdict nor a copy: ${id}`);
      return [id, end];
    });
  });
