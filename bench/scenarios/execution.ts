/** This bench compares the load tests of the seed contract (docs/seed.md) with a no-op workflow of the same shape. */
import { randomUUID } from 'node:crypto';
import type { Output } from '../../src/cli/views/output.js';
import type { Intent, Result } from '../../src/client/index.js';
import { forkWorker } from '../processes/child.js';
import { type Installation, execute, openPool } from '../support/installation.js';
import { mixed, MIXED_ROUNDS, recovery, contractList } from '../support/lists.js';
import { load, type LoadResult, median, percentiles } from '../support/load.js';

/** Turns that baseline and service take each. */
const TURNS = 3;
/** p95 in milliseconds, from the seed contract (docs/seed.md). */
const CONTRACT_P95 = { PublishEvent: 30, PersistState: 50, PersistFSMTransition: 30, RecoverFSMStates: 200 } as const;

export async function executionBench(installation: Installation): Promise<void> {
  const baseline = await forkWorker('baseline', installation.env);
  try {
    await measure(installation);
  } finally {
    await baseline.stop();
  }
}

async function measure(installation: Installation): Promise<void> {
  const { out, temporal, taskQueue, worker } = installation;
  const run = (intents: readonly Intent[]) => execute(installation, intents);
  const noop = () =>
    temporal.workflow.execute('NoopWorkflow', {
      args: [MIXED_ROUNDS],
      taskQueue: `${taskQueue}-baseline`,
      workflowId: `noop-${randomUUID()}`,
    });

  const single = await turns('lists of 4, one caller', 1, 100, noop, () => run(mixed(4)), out);
  const twenty = await turns('lists of 20, 50 callers', 50, 300, noop, () => run(mixed(20)), out);
  out.note('lists of 200, 16 callers');
  const large = await load(16, 96, () => run(mixed(200)));
  out.note('one list of 1,000, five times');
  await run(contractList());
  const thousand = await load(1, 5, () => run(contractList()), 0);
  const activities = await activityTimes(installation);
  const { maxRssMb } = await worker.usage();

  const report = reportOf({ single, twenty, large, thousand, activities, maxRssMb });
  out.record(report);
  show(out, { single, twenty, large, thousand, activities, maxRssMb }, report);
}

interface Figures {
  readonly single: Awaited<ReturnType<typeof turns>>;
  readonly twenty: Awaited<ReturnType<typeof turns>>;
  readonly large: LoadResult;
  readonly thousand: LoadResult;
  readonly activities: Awaited<ReturnType<typeof activityTimes>>;
  readonly maxRssMb: number;
}

const reportOf = ({ single, twenty, large, thousand, activities, maxRssMb }: Figures) => ({
  baseline: { one_caller: single.baseline, fifty_callers: twenty.baseline },
  lists_of_4: { ...single.service, p95_ratio: single.service.p95 / single.baseline.p95 },
  lists_of_20: {
    ...twenty.service,
    intents_per_second: twenty.service.callsPerSecond * 20,
    ratio: twenty.service.callsPerSecond / twenty.baseline.callsPerSecond,
  },
  lists_of_200: { ...large, intents_per_second: large.callsPerSecond * 200 },
  list_of_1000: {
    seconds_p50: thousand.p50 / 1_000,
    seconds_max: thousand.p99 / 1_000,
    intents_per_second: thousand.callsPerSecond * 1_000,
  },
  activities,
  worker_peak_mb: maxRssMb,
});

function show(
  out: Installation['out'],
  { single, twenty, large, thousand, activities, maxRssMb }: Figures,
  { lists_of_4, lists_of_20 }: ReturnType<typeof reportOf>,
): void {
  const ms = ({ p50, p95, p99 }: LoadResult): string[] => [p50, p95, p99].map((value) => value.toFixed(0));
  const row = (label: string, result: LoadResult, size: number, note: string): string[] => [
    label,
    ...ms(result),
    result.callsPerSecond.toFixed(1),
    size === 0 ? '' : (result.callsPerSecond * size).toFixed(0),
    note,
  ];
  const [p95Ratio, ratio] = [lists_of_4.p95_ratio.toFixed(2), lists_of_20.ratio.toFixed(2)];
  out.table(
    ['scenario', 'p50 ms', 'p95', 'p99', 'lists/s', 'intents/s', ''],
    [
      row('(a) no-op workflow, one caller', single.baseline, 0, ''),
      row('(b) lists of 4, one caller', single.service, 4, `p95 ${p95Ratio} x (a); target <= 1.6`),
      row('(a) no-op workflow, 50 callers', twenty.baseline, 0, ''),
      row('(c) lists of 20, 50 callers', twenty.service, 20, `${ratio} x (a); target >= 0.85`),
      row('(d) lists of 200, 16 callers', large, 200, 'target > 2000 intents/s'),
      row('(e) one list of 1,000', thousand, 1_000, 'target < 3 s'),
    ],
  );
  out.line();
  out.table(
    ['(f) activity, one caller', 'p50 ms', 'p95', 'contract p95'],
    Object.entries(activities).map(([type, { p50, p95 }]) => [
      type,
      p50.toFixed(1),
      p95.toFixed(1),
      String(CONTRACT_P95[type as keyof typeof CONTRACT_P95]),
    ]),
  );
  out.line('');
  out.line(`worker's peak memory ${maxRssMb.toFixed(0)} MB; target < 600`);
}

/** Measures baseline and service in turns, so that a machine that slows down slows both. Returns the medians. */
async function turns(
  label: string,
  callers: number,
  calls: number,
  baselineCall: () => Promise<unknown>,
  serviceCall: () => Promise<unknown>,
  out: Output,
): Promise<{ baseline: LoadResult; service: LoadResult }> {
  const results: { baseline: LoadResult[]; service: LoadResult[] } = { baseline: [], service: [] };
  for (let turn = 1; turn <= TURNS; turn += 1) {
    out.note(`${label}: turn ${turn} of ${TURNS}`);
    results.baseline.push(await load(callers, calls, baselineCall));
    results.service.push(await load(callers, calls, serviceCall));
  }
  return { baseline: median(results.baseline), service: median(results.service) };
}

/** Measures the time of an intent's batch in its activity, with one caller. The recovery reads 10,000 workflows. */
async function activityTimes(
  installation: Installation,
): Promise<Record<string, { p50: number; p95: number; p99: number }>> {
  installation.out.note('activity times');
  const times: Record<string, number[]> = {};
  const note = (results: readonly Result[]): void => {
    for (const { intent_type, execution_time_ms } of results) (times[intent_type] ??= []).push(execution_time_ms);
  };
  for (let i = 0; i < 100; i += 1) note(await execute(installation, mixed(20)));
  const pool = openPool(installation, 1);
  await pool.query(`INSERT INTO fsm_transitions (entity_id, entity_type, from_state, to_state, transition_event)
    SELECT gen_random_uuid(), 'workflow_execution', 'PENDING', 'PROCESSING', 'bench' FROM generate_series(1, 10000)`);
  await pool.end();
  for (let i = 0; i < 20; i += 1) note(await execute(installation, [recovery(10_000)]));
  return Object.fromEntries(Object.entries(times).map(([type, values]) => [type, percentiles(values)]));
}
