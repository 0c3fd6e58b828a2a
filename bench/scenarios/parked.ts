/**
 * This bench measures how long unrelated lists of a partition take beside 100,000 parked ones: they are to wait for
 * none of them (ADR 0009). The parked lists share a locked row, and have 19 keys of their own each.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Intent } from '../../src/client/index.js';
import { ListEmitter } from '../../src/client/list-emitter.js';
import { endpointsOf } from '../../src/cli/context.js';
import { loadConfig } from '../../src/config.js';
import { forkWorker } from '../processes/child.js';
import { type Installation, execute, openPool } from '../support/installation.js';
import { latencies } from '../support/latency.js';
import { state, statesAndEvents } from '../support/lists.js';
import { percentiles } from '../support/load.js';

/** Keys of a list. */
const SIZE = 20;
const PARKED = 100_000;
/** Lists of one insert. */
const STEP = 5_000;
/** The time holds two blocked rounds over the backlog, which are 16 s apart. */
const RATE = { listsPerSecond: 10, seconds: 40 };

/** All lists go to one partition. */
export const PARKED_ENV = { KAFKA_TOPIC_PARTITIONS: '1' };

const unrelated = (): Intent[] => statesAndEvents(SIZE);

export async function parkedBench(installation: Installation): Promise<void> {
  const { out, env } = installation;
  const config = loadConfig(env);
  const { kafka } = await endpointsOf(config);
  const emitter = new ListEmitter({ brokers: kafka.brokers, topicPrefix: config.KAFKA_TOPIC_PREFIX });
  const pool = openPool(installation, 2);
  const hot = state();
  await execute(installation, [hot]);
  await installation.worker.stop();
  const worker = await forkWorker('intake', env);
  const stranger = await pool.connect();
  try {
    out.note('warm-up');
    await latencies(installation, emitter, { ...RATE, seconds: 5, list: unrelated });
    const times: { parked: number; p50: number; p95: number; max: number }[] = [];
    for (const parked of [0, PARKED]) {
      if (parked > 0) await park(installation, emitter, pool, stranger, hot);
      out.note(`unrelated lists beside ${parked} parked ones`);
      const found = await latencies(installation, emitter, { ...RATE, list: unrelated });
      const { p50, p95 } = percentiles(found);
      times.push({ parked, p50, p95, max: Math.max(...found) });
    }
    const { rows } = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM intake_parked');
    if (rows[0]?.count !== PARKED) throw new Error(`${rows[0]?.count} lists are parked at the end`);
    out.record({ times });
    out.table(
      ['parked lists beside', 'emit to result p50 ms', 'p95', 'max'],
      times.map(({ parked, p50, p95, max }) => [String(parked), ...[p50, p95, max].map((ms) => ms.toFixed(0))]),
    );
    out.line('');
    out.line('target < 300 ms');
  } finally {
    stranger.release(true);
    await worker.stop();
    await Promise.all([emitter.close(), pool.end()]);
  }
}

/** Locks the rows that there are, lets the intake park a list of `hot`, and stores many like it. */
async function park(
  { out }: Installation,
  emitter: ListEmitter,
  pool: pg.Pool,
  stranger: pg.PoolClient,
  hot: Intent,
): Promise<void> {
  out.note(`${PARKED} lists are parked`);
  await stranger.query('BEGIN');
  await stranger.query('SELECT FROM bridge_states FOR UPDATE');
  await emitter.emit([{ intents: [hot] }]);
  const isParked = async () => ((await pool.query('SELECT FROM intake_parked')).rowCount ?? 0) > 0;
  while (!(await isParked())) await sleep(100);
  for (let stored = 1; stored < PARKED; stored += STEP) {
    await pool.query(
      `INSERT INTO intake_parked (event_id, partition, keys, list, intents, bytes, list_hash)
       SELECT id, partition, keys || ARRAY(SELECT id || '/' || key FROM generate_series(2, $1::int) AS key),
         jsonb_set(list::jsonb, '{event_id}', to_jsonb(id))::json, $1, bytes, list_hash
       FROM (SELECT * FROM intake_parked ORDER BY seq LIMIT 1) AS first,
         (SELECT gen_random_uuid()::text AS id FROM generate_series(1, $2::int)) AS ids`,
      [SIZE, Math.min(STEP, PARKED - stored)],
    );
  }
}
