/**
 * This bench measures the intake with envelopes of 20 intents, half of them states and half events, preloaded on 12
 * partitions. The time runs from the start of a worker process to the end of the last slice. In the same run, the same
 * batches go straight to the stores without Temporal, and a workflow executes each list.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Intent } from '../../src/client/index.js';
import { ListEmitter } from '../../src/client/list-emitter.js';
import { endpointsOf } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { forkWorker } from '../processes/child.js';
import { type Installation, execute, openPool } from '../support/installation.js';
import { directly, SLICE } from '../support/direct.js';
import { latencies } from '../support/latency.js';
import { many, statesAndEvents } from '../support/lists.js';
import { load, percentiles } from '../support/load.js';

const SIZE = 20;
/** Envelopes with 500,000 intents in all; the ceiling is measured with a tenth of them. */
const ENVELOPES = 25_000;
/** Envelopes from which on memory is read: the worker has what it needs by then, and its memory should stay flat. */
const FLAT_FROM = ENVELOPES / 5;
const RATE = { listsPerSecond: 10, seconds: 20 };

const list = (): Intent[] => statesAndEvents(SIZE);

export async function intakeBench(installation: Installation): Promise<void> {
  const { out } = installation;
  const config = loadConfig(installation.env);
  const { kafka } = await endpointsOf(config);
  const emitter = new ListEmitter({ brokers: kafka.brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX });
  const pool = openPool(installation, 2);
  const verdicts = async () =>
    (await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM intake_verdicts')).rows[0]?.count ?? 0;
  const emit = async (count: number) => {
    for (let first = 0; first < count; first += 500) {
      await emitter.emit(many(Math.min(500, count - first), () => ({ intents: list() })));
    }
  };
  const ended = async (count: number) => {
    while ((await verdicts()) < count) await sleep(200);
  };
  try {
    out.note('the direct ceiling');
    const direct = await directly(installation, (ENVELOPES * SIZE) / 10 / SLICE);
    out.note('a workflow for each list');
    const lists = await load(50, 300, () => execute(installation, list()));
    const eachList = lists.callsPerSecond * SIZE;

    out.note(`${ENVELOPES} envelopes through the intake`);
    // One process runs the intake and the work.
    await installation.worker.stop();
    await emit(ENVELOPES);
    // The ceiling has stored verdicts of its own.
    const before = await verdicts();
    const worker = await forkWorker('intake', installation.env);
    try {
      // The clock starts before the worker has joined its group, which takes seconds, and fetched. So a fresh process
      // is measured, with what it takes to warm up.
      const since = Date.now();
      await ended(before + FLAT_FROM);
      const early = (await worker.usage()).maxRssMb;
      await ended(before + ENVELOPES);
      const late = (await worker.usage()).maxRssMb;
      const { end, slices } = await slicesOf(installation);
      const intake = (ENVELOPES * SIZE) / ((end - since) / 1_000);
      const intentsPerSecond = RATE.listsPerSecond * SIZE;
      out.note(`${intentsPerSecond} intents a second`);
      const latency = percentiles(await latencies(installation, emitter, { ...RATE, list }));

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
        `\nemit to result at ${intentsPerSecond} intents/s: p50 ${latency.p50.toFixed(0)} ms, p95 ${latency.p95.toFixed(0)} ms; target p95 < 300 ms`,
      );
      out.line(`worker memory: ${early.toFixed(0)} MB after 100,000 intents, ${late.toFixed(0)} MB after 500,000`);
    } finally {
      await worker.stop();
    }
  } finally {
    await Promise.all([emitter.close(), pool.end()]);
  }
}

/** Returns when the last slice ended, which is after its results are out, and how many slices there were. */
async function slicesOf({ temporal, taskQueue }: Installation): Promise<{ end: number; slices: number }> {
  const query = `WorkflowType = 'ExecuteSliceWorkflow' AND TaskQueue = '${taskQueue}'`;
  // A verdict is stored before its slice ends, and the list of executions lags behind. The next measurement begins when
  // all slices are over.
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
