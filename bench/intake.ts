/**
 * The intake: envelopes of 20 intents, half of them states and half events, preloaded on 12 partitions; beside it, in the same
 * run, the same batches straight to the stores without Temporal, and a workflow for each list.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Intent } from '../src/client/index.js';
import { ListEmitter } from '../src/client/list-emitter.js';
import { endpointsOf } from '../src/cli/context.js';
import { loadConfig } from '../src/config.js';
import { topicOf } from '../src/intents/event-types.js';
import { createKafka } from '../src/kafka/client.js';
import { kafkaSettings } from '../src/kafka/settings.js';
import { createLogger } from '../src/log.js';
import { forkWorker } from './child.js';
import { type Corner, execute } from './corner.js';
import { directly, SLICE } from './direct.js';
import { event, many, state } from './lists.js';
import { load, percentiles } from './load.js';

const SIZE = 20;
/** Before the clock starts: a fresh process runs at half its speed for the first of them. */
const WARM_UP = 1_000;
/** Of the throughput; and of the memory, where 100,000 intents are what it needs to warm up. */
const ENVELOPES = 2_500;
const MANY_ENVELOPES = 25_000;
const RATE = { intentsPerSecond: 200, seconds: 20 };

const list = (): Intent[] => [...many(SIZE / 2, state), ...many(SIZE / 2, event)];

export async function intakeBench(corner: Corner): Promise<void> {
  const { out } = corner;
  const config = loadConfig(corner.env);
  const { kafka } = await endpointsOf(config);
  const emitter = new ListEmitter({ brokers: kafka.brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX });
  const pool = new pg.Pool({ connectionString: corner.databaseUrl, max: 2 });
  const verdicts = async () =>
    (await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM intake_verdicts')).rows[0]?.count ?? 0;
  const emit = async (count: number) => {
    for (let first = 0; first < count; first += 500) {
      await emitter.emit(many(Math.min(500, count - first), () => ({ intents: list() })));
    }
  };
  const settled = async (count: number) => {
    while ((await verdicts()) < count) await sleep(200);
  };
  try {
    out.note('the direct ceiling');
    const direct = await directly(corner, (ENVELOPES * SIZE) / SLICE);
    out.note('a workflow for each list');
    const lists = await load(50, 300, () => execute(corner, list()));
    const eachList = lists.callsPerSecond * SIZE;

    out.note(`${ENVELOPES} envelopes through the intake`);
    // One process carries the intake and the work.
    await corner.worker.stop();
    await emit(WARM_UP + ENVELOPES);
    // The ceiling has stored its own.
    const all = (await verdicts()) + WARM_UP + ENVELOPES;
    const worker = await forkWorker('intake', corner.env);
    try {
      await settled(all - ENVELOPES);
      const [warm, since] = [await verdicts(), Date.now()];
      await settled(all);
      const { end, slices } = await slicesOf(corner);
      const intake = ((all - warm) * SIZE) / ((end - since) / 1_000);
      out.note(`${RATE.intentsPerSecond} intents a second`);
      const latency = await latencies(corner, emitter, kafka.brokers);
      out.note(`${MANY_ENVELOPES} envelopes, for the memory`);
      const before = await verdicts();
      await emit(MANY_ENVELOPES / 5);
      await settled(before + MANY_ENVELOPES / 5);
      const early = (await worker.usage()).maxRssMb;
      await emit((MANY_ENVELOPES * 4) / 5);
      await settled(before + MANY_ENVELOPES);
      const late = (await worker.usage()).maxRssMb;

      out.record({ intake, slices, direct, each_list: eachList, latency, mb: { at_100k: early, at_500k: late } });
      out.table(
        ['way', 'intents/s', 'of the ceiling'],
        [
          ['straight to the stores, no Temporal', direct, 1],
          [`intake, ${slices} slices`, intake, intake / direct],
          ['a workflow for each list, 50 callers', eachList, eachList / direct],
        ].map(([way, rate, share]) => [String(way), Number(rate).toFixed(0), `${(Number(share) * 100).toFixed(0)} %`]),
      );
      out.line(
        `\nemit to result at ${RATE.intentsPerSecond} intents/s: p50 ${latency.p50.toFixed(0)} ms, p95 ${latency.p95.toFixed(0)} ms; target p95 < 300 ms`,
      );
      out.line(`worker memory: ${early.toFixed(0)} MB after 100,000 intents more, ${late.toFixed(0)} MB after 500,000`);
    } finally {
      await worker.stop();
    }
  } finally {
    await Promise.all([emitter.close(), pool.end()]);
  }
}

/** When the last slice ended, which is after its results are out, and how many there were. */
async function slicesOf({ temporal, taskQueue }: Corner): Promise<{ end: number; slices: number }> {
  const query = `WorkflowType = 'ExecuteSliceWorkflow' AND TaskQueue = '${taskQueue}'`;
  // Visibility lags by seconds behind such a burst, and what is measured next begins when the server is through with it.
  for (let before = -1; ;) {
    await sleep(3_000);
    let [end, slices] = [0, 0];
    for await (const { closeTime } of temporal.workflow.list({ query })) {
      slices += 1;
      end = Math.max(end, closeTime?.getTime() ?? Infinity);
    }
    if (slices === before && end !== Infinity) return { end, slices };
    before = slices;
  }
}

/** Milliseconds from before an envelope is emitted to its INTENT_RESULT in a consumer's hands. */
async function latencies({ env }: Corner, emitter: ListEmitter, brokers: readonly string[]) {
  const config = loadConfig(env);
  const kafka = createKafka(kafkaSettings(config, brokers), createLogger('silent'));
  const consumer = kafka.consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: 50 });
  const arrived = new Map<string, number>();
  await consumer.connect();
  await consumer.subscribe({ topics: [topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_RESULT')], fromBeginning: false });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    eachMessage: ({ message }) => {
      const { causation_id } = JSON.parse(String(message.value)) as { causation_id: string };
      arrived.set(causation_id, performance.now());
      return Promise.resolve();
    },
  });
  await joined;
  await sleep(1_000);
  const sent = new Map<string, number>();
  const perSecond = RATE.intentsPerSecond / SIZE;
  const emitting: Promise<void>[] = [];
  for (let n = 0; n < perSecond * RATE.seconds; n += 1) {
    const started = performance.now();
    emitting.push(
      emitter.emit([{ intents: list() }]).then((emitted) => {
        for (const { eventId } of emitted) sent.set(eventId, started);
      }),
    );
    await sleep(1_000 / perSecond);
  }
  await Promise.all(emitting);
  for (const end = Date.now() + 30_000; arrived.size < sent.size && Date.now() < end;) await sleep(50);
  await consumer.disconnect();
  const times = [...sent].map(([id, started]) => (arrived.get(id) ?? Infinity) - started);
  return percentiles(times);
}
