/**
 * This bench recovers with more and more history, and more and more workflows. It compares the service with the query
 * of the seed contract (docs/seed.md) on the same tables.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { RecoveryReport } from '../../src/domain/recovery/recovery.js';
import type { BenchWorker } from '../processes/child.js';
import { ENDED, endedTimes, readPages, showEnded } from '../support/ended.js';
import { type Installation, openPool } from '../support/installation.js';
import { percentiles } from '../support/load.js';

const WORKFLOWS = 10_000;
/** Transitions in all, one measurement each. */
const HISTORIES = [10_000, 1_000_000, 5_000_000];
const MANY_WORKFLOWS = 500_000;
const CALLS = 40;
/** Calls of the contract's query: few, as each takes seconds. */
const CONTRACT_CALLS = 3;

/** The contract's query, with the row count instead of the rows: the transfer is not measured. */
const CONTRACT_QUERY = `WITH latest_transitions AS (
  SELECT DISTINCT ON (entity_id) entity_id AS workflow_id, to_state AS current_state, from_state AS previous_state,
    transition_data, created_at AS last_transition_at
  FROM fsm_transitions WHERE entity_type = 'workflow_execution' ORDER BY entity_id, created_at DESC)
SELECT count(*) FROM (
  SELECT workflow_id, current_state, previous_state, transition_data, last_transition_at FROM latest_transitions
  WHERE last_transition_at > NOW() - INTERVAL '7 days' ORDER BY last_transition_at DESC LIMIT 10000) page`;

/** @param ended how many ended workflows are beside; when it is given, only this is measured. */
export async function recoveryBench(installation: Installation, ended?: number): Promise<void> {
  const pool = openPool(installation, 1);
  try {
    if (ended !== undefined) {
      await addHistory(pool, WORKFLOWS, 1, 1);
      showEnded(installation, await endedTimes(installation, pool, WORKFLOWS, ended));
      return;
    }
    const histories = await historyTimes(installation, pool);
    showEnded(installation, await endedTimes(installation, pool, WORKFLOWS, ENDED));
    const many = await manyWorkflows(installation, pool);
    show(installation, histories, many);
  } finally {
    await pool.end();
  }
}

interface HistoryTimes {
  readonly transitions: number;
  /** The median in milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly contract_ms: number;
}

async function historyTimes(installation: Installation, pool: pg.Pool): Promise<HistoryTimes[]> {
  const results: HistoryTimes[] = [];
  let rounds = 0;
  for (const transitions of HISTORIES) {
    installation.out.note(`${WORKFLOWS} workflows, ${transitions} transitions`);
    const until = transitions / WORKFLOWS;
    await addHistory(pool, WORKFLOWS, rounds + 1, until);
    rounds = until;
    const times: number[] = [];
    for (let call = 0; call < CALLS; call += 1) {
      const pages = await readPages(installation, WORKFLOWS);
      times.push(pages.reduce((sum, ms) => sum + ms, 0));
    }
    const contractTimes: number[] = [];
    for (let call = 0; call < CONTRACT_CALLS; call += 1) {
      const started = performance.now();
      await pool.query(CONTRACT_QUERY);
      contractTimes.push(performance.now() - started);
    }
    const { p50, p95 } = percentiles(times);
    results.push({ transitions, p50, p95, contract_ms: percentiles(contractTimes).p50 });
  }
  return results;
}

/**
 * Stores transitions `from` to `to` of each workflow, and the states they end in. The trigger is left out, because it
 * would take ten minutes. It would leave the same here, one epoch in order, and `bridge doctor --check-states` says the
 * same.
 */
async function addHistory(pool: pg.Pool, workflows: number, from: number, to: number): Promise<void> {
  await pool.query('ALTER TABLE fsm_transitions DISABLE TRIGGER USER');
  for (let count = from; count <= to; count += 50) {
    await pool.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event, transition_data, intent_id,
         transition_count, epoch, transition_at)
       SELECT md5('w' || w)::uuid, 'workflow_execution', 'PROCESSING', 'PROCESSING', 'bench',
         jsonb_build_object('metadata', jsonb_build_object('namespace', 'ns' || w % 10)), gen_random_uuid(), c, 1, NOW()
       FROM generate_series($2::int, $3::int) c, generate_series(1, $1::int) w`,
      [workflows, count, Math.min(to, count + 49)],
    );
  }
  await pool.query('ALTER TABLE fsm_transitions ENABLE TRIGGER USER');
  await pool.query('TRUNCATE fsm_states');
  await pool.query(
    `INSERT INTO fsm_states (workflow_id, current_state, previous_state, epoch, transition_count, metadata,
       last_transition_at, sequence, updated_at)
     SELECT DISTINCT ON (entity_id) entity_id, to_state, from_state, epoch, transition_count,
       transition_data -> 'metadata', transition_at, sequence, created_at
     FROM fsm_transitions ORDER BY entity_id, sequence DESC`,
  );
  await pool.query('VACUUM ANALYZE fsm_transitions, fsm_states');
  // A checkpoint comes first, or the server writes gigabytes to its disk while the calls are timed, at a time of its
  // choice.
  await pool.query('CHECKPOINT');
}

interface Walk {
  readonly states: number;
  readonly seconds: number;
  readonly memory: readonly Memory[];
}

/**
 * The memory is resident memory in megabytes, now and the most so far. It is the worker's, and that of the process that
 * walks, if another one does.
 */
interface Memory {
  readonly states: number;
  readonly worker_mb: number;
  readonly worker_peak_mb: number;
  readonly caller_mb: number | null;
  readonly caller_peak_mb: number | null;
}

async function workerMemory(worker: BenchWorker): Promise<Pick<Memory, 'worker_mb' | 'worker_peak_mb'>> {
  const { rssMb, maxRssMb } = await worker.usage();
  return { worker_mb: rssMb, worker_peak_mb: maxRssMb };
}

/** States from which on memory is read: a walk has what it needs by then, and its memory should stay flat. */
const FLAT_FROM = 100_000;

type ManyWorkflows = Readonly<Record<'workflow' | 'iterator', Walk>>;

async function manyWorkflows(installation: Installation, pool: pg.Pool): Promise<ManyWorkflows> {
  installation.out.note(`${MANY_WORKFLOWS} workflows`);
  await pool.query('TRUNCATE fsm_transitions');
  await addHistory(pool, MANY_WORKFLOWS, 1, 1);

  return { workflow: await walkByWorkflow(installation), iterator: await walkByIterator(installation, pool) };
}

async function walkByWorkflow({ temporal, taskQueue, worker }: Installation): Promise<Walk> {
  const started = performance.now();
  const handle = await temporal.workflow.start<(given: object) => Promise<RecoveryReport>>('RecoverFsmStatesWorkflow', {
    args: [{}],
    taskQueue,
    workflowId: `bench-${randomUUID()}`,
  });
  let seen = 0;
  while (seen < FLAT_FROM) {
    await sleep(250);
    seen = (await handle.query<RecoveryReport>('recovery')).emitted;
  }
  const memory = [await read(seen)];
  const { emitted } = await handle.result();
  const seconds = (performance.now() - started) / 1_000;
  if (emitted !== MANY_WORKFLOWS) throw new Error(`${emitted} states of ${MANY_WORKFLOWS} were emitted`);
  return { states: emitted, seconds, memory: [...memory, await read(emitted)] };

  async function read(states: number) {
    return { states, ...(await workerMemory(worker)), caller_mb: null, caller_peak_mb: null };
  }
}

async function walkByIterator({ client, worker }: Installation, pool: pg.Pool): Promise<Walk> {
  const started = performance.now();
  const memory = [];
  let states = 0;
  // The sum says whether each id was there. The ids themselves would be the memory that is measured.
  let sum = 0n;
  for await (const { workflow_id } of client.recoverFsmStates()) {
    states += 1;
    sum += BigInt(`0x${workflow_id.slice(0, 8)}`);
    if (states === FLAT_FROM) memory.push(await read());
  }
  const seconds = (performance.now() - started) / 1_000;
  const { rows } = await pool.query<{ sum: string }>(
    `SELECT sum(('x0' || left(workflow_id::text, 8))::bit(36)::bigint)::text AS sum FROM fsm_states`,
  );
  if (states !== MANY_WORKFLOWS || String(sum) !== rows[0]?.sum) {
    throw new Error(`${states} states of ${MANY_WORKFLOWS}, sum ${sum} instead of ${rows[0]?.sum ?? ''}`);
  }
  return { states, seconds, memory: [...memory, await read()] };

  async function read() {
    return {
      states,
      ...(await workerMemory(worker)),
      caller_mb: process.memoryUsage.rss() / 1_048_576,
      caller_peak_mb: process.resourceUsage().maxRSS / 1_024,
    };
  }
}

function show({ out }: Installation, histories: readonly HistoryTimes[], many: ManyWorkflows): void {
  const [first, last] = [histories[0], histories.at(-1)];
  if (first === undefined || last === undefined) return;
  const ratio = last.p95 / first.p95;
  out.record({ histories, ratio, ...many });
  out.table(
    ['workflows', 'transitions', 'all pages p50 ms', 'p95', "contract's query ms"],
    histories.map(({ transitions, p50, p95, contract_ms }) => [
      String(WORKFLOWS),
      String(transitions),
      p50.toFixed(0),
      p95.toFixed(0),
      contract_ms.toFixed(0),
    ]),
  );
  out.line('');
  out.line(`p95 of the last is ${ratio.toFixed(2)} x that of the first; targets < 1.5, and < 200 ms each`);
  out.line('');
  out.table(
    ['way', 'states', 's', 'states/s', 'worker MB (peak)', 'caller MB (peak)'],
    Object.entries(many).map(([way, { states, seconds, memory }]) => [
      way,
      String(states),
      seconds.toFixed(1),
      (states / seconds).toFixed(0),
      memory.map((at) => memoryAt(at.states, at.worker_mb, at.worker_peak_mb)).join(', '),
      memory.map((at) => memoryAt(at.states, at.caller_mb, at.caller_peak_mb)).join(', '),
    ]),
  );
}

const memoryAt = (states: number, mb: number | null, peak: number | null): string =>
  mb === null || peak === null ? '-' : `${mb.toFixed(0)} (${peak.toFixed(0)}) at ${states / 1_000}k`;
