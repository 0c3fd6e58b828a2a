/**
 * This bench measures how long a caller of emit and await waits for its report, and how much of that after the verdict
 * was stored. It also measures what a list costs each process, and what waiting costs when no answer comes.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { StoreEffectClient } from '../../src/client/index.js';
import { endpointsOf } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { forkWorker } from '../processes/child.js';
import { measureCpu, perUnit, showCpu } from '../support/cpu-of.js';
import { type Installation, openPool } from '../support/installation.js';
import { mixed } from '../support/lists.js';
import { load, percentiles } from '../support/load.js';

/** Intents of a list, as in (c) of the execution bench. */
const SIZE = 20;
/** Callers of one client share its questions; those of 50 clients, as in 50 processes, share nothing. */
const SCENARIOS = {
  one_caller: { clients: 1, callers: 1, lists: 100 },
  fifty_callers: { clients: 1, callers: 50, lists: 600 },
  fifty_clients: { clients: 50, callers: 50, lists: 300 },
};
/** Seconds of waiting for a list that nobody emits. */
const IDLE_SECONDS = 20;

export async function awaitBench(installation: Installation): Promise<void> {
  const { out } = installation;
  await installation.worker.stop();
  const worker = await forkWorker('intake', installation.env);
  const clients: StoreEffectClient[] = [];
  const pool = openPool(installation, 1);
  try {
    for (let n = 0; n < 50; n += 1) clients.push(await connect(installation));
    const rows: string[][] = [];
    const report: Record<string, unknown> = {};
    for (const [name, { callers, lists, clients: count }] of Object.entries(SCENARIOS)) {
      const label = `${callers} callers, ${count} clients`;
      out.note(`${lists} lists of ${SIZE}, ${label}`);
      const figures = await measureCpu(worker, () => emitAndAwait(clients.slice(0, count), pool, callers, lists));
      const { all, p50, p95, callsPerSecond, delay } = figures.value;
      const cpu = perUnit(figures.cpu, all, 1_000);
      report[name] = { p50, p95, lists_per_second: callsPerSecond, delay, cpu_ms_per_list: cpu };
      const ms = [p50, p95, delay.p50, delay.p95, delay.max].map((value) => value.toFixed(0));
      rows.push([label, ...ms, callsPerSecond.toFixed(1), showCpu(cpu)]);
    }
    out.note(`nothing to hear for ${IDLE_SECONDS} s`);
    const nothing = clients
      .slice(0, 1)
      .map((client) => client.awaitResult(randomUUID(), { timeoutMs: IDLE_SECONDS * 1_000 }));
    const idle = await measureCpu(worker, () => Promise.allSettled(nothing));
    const waiting = perUnit(idle.cpu, idle.seconds, 1_000);
    out.record({ ...report, waiting_cpu_ms_per_second: waiting });
    const columns = ['emit and await', 'p50 ms', 'p95', 'delay p50', 'p95', 'max', 'lists/s', 'CPU ms a list'];
    out.table(columns, rows);
    out.line('');
    out.line(`waiting for nothing, CPU ms a second: ${showCpu(waiting)}`);
    out.line('delay: milliseconds from the stored verdict to the caller; target max < 1,000');
  } finally {
    await Promise.all([...clients.map((each) => each.close()), pool.end()]);
    await worker.stop();
  }
}

async function connect({ env, taskQueue }: Installation): Promise<StoreEffectClient> {
  const config = loadConfig(env);
  const { temporal, kafka } = await endpointsOf(config);
  return StoreEffectClient.connect({
    address: temporal.address,
    namespace: temporal.namespace,
    taskQueue,
    kafka: { brokers: kafka.brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX },
  });
}

async function emitAndAwait(clients: readonly StoreEffectClient[], pool: pg.Pool, callers: number, lists: number) {
  let turn = 0;
  const heardAt = new Map<string, number>();
  const times = await load(callers, lists, async () => {
    const client = clients[(turn += 1) % clients.length];
    if (client === undefined) throw new Error('no client');
    const { eventId } = await client.emitIntents(mixed(SIZE));
    const { outcome } = await client.awaitResult(eventId);
    heardAt.set(eventId, Date.now());
    if (outcome !== 'completed') throw new Error(`${eventId}: ${outcome}`);
  });
  const { rows } = await pool.query<{ event_id: string; ms: number }>(
    'SELECT event_id, extract(epoch FROM stored_at)::float8 * 1000 AS ms FROM intake_verdicts',
  );
  const delays = rows.flatMap(({ event_id, ms }) => {
    const at = heardAt.get(event_id);
    return at === undefined ? [] : [at - ms];
  });
  return { ...times, all: heardAt.size, delay: { ...percentiles(delays), max: Math.max(...delays) } };
}
