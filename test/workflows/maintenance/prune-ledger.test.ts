import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { PruneReport } from '../../../src/domain/ledger/retention.js';
import { createLogger } from '../../../src/log.js';
import { createLedgerRetention } from '../../../src/postgres/ledger/retention.js';
import { createPool } from '../../../src/postgres/core/pool.js';
import { startWorker } from '../../../src/worker/run.js';
import { until } from '../../../src/flow-control/until.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';

const DAY_MS = 86_400_000;

describe('ledger retention', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ env: { LEDGER_RETENTION_DAYS: '30' } });
  });
  after(async () => {
    await setup({ LEDGER_RETENTION_DAYS: '0' });
    await environment.close();
  });
  afterEach(() =>
    environment.pool.query(`TRUNCATE executed_intents, dead_letters, swept_executions;
      UPDATE ledger_retention SET pruned_before = NULL`),
  );

  const setup = async (env: NodeJS.ProcessEnv) => {
    const run = await bridgeHere(['setup', '--json'], { ...environment.env, ...env });
    return (run.json()[0] as { schedules: string[] }).schedules;
  };

  /** Inserts `count` ledger rows that were recorded so many days ago. @returns the id of one of them. */
  async function settled(daysAgo: number, count = 1): Promise<string> {
    const id = randomUUID();
    await environment.pool.query(
      `INSERT INTO executed_intents (intent_id, intent_type, payload_hash, execution_id, outcome, settled_at)
       SELECT CASE n WHEN 1 THEN $1 ELSE gen_random_uuid() END, 'PersistState', '\\x00', 'test/run', '{}',
         now() - $2 * INTERVAL '1 day' + n * INTERVAL '1 ms'
       FROM generate_series(1, $3) AS n`,
      [id, daysAgo, count],
    );
    return id;
  }
  const letter = (intentId: string, redrivenDaysAgo: number | null) =>
    environment.pool.query(
      `INSERT INTO dead_letters (intent_id, event_id, topic, message_key, message_value, failure_reason, retry_attempts,
         created_at, redriven_at)
       VALUES ($1, $2, 't', 'k', '{}', 'test', 3, now() - INTERVAL '90 days', now() - $3 * INTERVAL '1 day')`,
      [intentId, randomUUID(), redrivenDaysAgo],
    );
  const idsIn = async (table: string): Promise<string[]> =>
    (await environment.pool.query<{ intent_id: string }>(`SELECT intent_id FROM ${table}`)).rows
      .map(({ intent_id }) => intent_id)
      .sort();
  const prunedBefore = async (): Promise<number | undefined> =>
    (
      await environment.pool.query<{ pruned_before: Date | null }>('SELECT pruned_before FROM ledger_retention')
    ).rows[0]?.pruned_before?.getTime();
  const prune = (...args: unknown[]): Promise<PruneReport> =>
    environment.temporal.workflow.execute('PruneLedgerWorkflow', {
      args,
      taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `prune-${randomUUID()}`,
    });

  it('deletes what is older, in several batches, and keeps young rows and those of open letters', async () => {
    await settled(40, 11_000);
    const [young, open, done] = [await settled(29), await settled(50), await settled(50)];
    await letter(open, null);
    await letter(done, 31);
    await letter(young, 1);
    await environment.pool.query(
      `INSERT INTO swept_executions (execution_id, swept_at) VALUES ('old', now() - INTERVAL '31 days'), ('new', now())`,
    );
    const report = await prune();
    assert.deepEqual([report.deleted, report.letters_deleted, report.marks_deleted], [11_001, 1, 1]);
    assert.deepEqual(await idsIn('executed_intents'), [young, open].sort());
    assert.deepEqual(await idsIn('dead_letters'), [young, open].sort());
    const mark = await prunedBefore();
    assert.equal(Math.floor(Date.parse(report.pruned_before ?? '')), mark);
    assert.ok(Math.abs(Date.now() - 30 * DAY_MS - (mark ?? 0)) < 60_000);
  });

  it('goes on where it stopped, without ever saying less than what is gone', async () => {
    const pool = createPool({ url: environment.endpoints.postgres.url, min: 0 }, () => undefined);
    try {
      await settled(40, 7_000);
      const store = createLedgerRetention(pool, 30);
      const first = await store.prune(null, null);
      assert.equal(first.deleted, 5_000);
      assert.notEqual(first.next, null);
      const mark = await prunedBefore();
      assert.ok(mark !== undefined && mark > Date.now() - 31 * DAY_MS, 'raised with the first rows that go');
      const second = await store.prune(first.pruned_before, first.next);
      assert.deepEqual([second.deleted, second.next], [2_000, null]);
      assert.equal(await prunedBefore(), mark);
      // The mark stays, because a longer retention does not bring rows back. A time within the retention is not taken.
      await createLedgerRetention(pool, 300).prune(null, null);
      assert.equal(await prunedBefore(), mark);
      await settled(10);
      assert.equal((await store.prune(new Date().toISOString(), null)).deleted, 0);
      await settled(400);
      assert.deepEqual(await createLedgerRetention(pool, 0).prune(null, null), {
        deleted: 0,
        letters_deleted: 0,
        marks_deleted: 0,
        verdicts_deleted: 0,
        pruned_before: null,
        next: null,
      });
    } finally {
      await pool.end();
    }
  });

  it('prunes and sweeps by schedules that setup keeps', async () => {
    const queue = environment.config.TEMPORAL_TASK_QUEUE;
    const [pruning, sweeping] = [`prune-ledger-${queue}`, `sweep-executions-${queue}`];
    const describe = (id: string) => environment.temporal.schedule.getHandle(id).describe();
    assert.deepEqual((await describe(pruning)).spec.intervals?.[0]?.every, DAY_MS);
    assert.deepEqual(await setup({ SWEEP_SECONDS: '120' }), [sweeping]);
    assert.deepEqual((await describe(sweeping)).spec.intervals?.[0]?.every, 120_000);
    const open = await settled(40);
    await letter(open, null);
    await settled(40, 2);
    await environment.temporal.schedule.getHandle(pruning).trigger();
    await until(20_000, async () => assert.deepEqual(await idsIn('executed_intents'), [open]));
    await environment.temporal.schedule.getHandle(sweeping).trigger();
    await until(20_000, async () => {
      const [action] = (await describe(sweeping)).info.recentActions;
      const { workflowId } = action!.action.workflow;
      const report: unknown = await environment.temporal.workflow.getHandle(workflowId).result();
      assert.deepEqual(report, { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 });
    });
    assert.deepEqual(await setup({ LEDGER_RETENTION_DAYS: '0', SWEEP_SECONDS: '0' }), []);
    await assert.rejects(describe(pruning), /not found/);
    await assert.rejects(describe(sweeping), /not found/);
    assert.deepEqual(await setup({}), [pruning]);
  });

  for (const position of [null, 'here', { deleted: 'many' }]) {
    it(`prunes from the start after ${JSON.stringify(position)}, which no earlier run has come to`, async () => {
      await settled(40);
      assert.equal((await prune({}, position)).deleted, 1);
    });
  }

  it('is in the metrics: size and lag', async () => {
    // An analysis counts rows which their writer then counts once more.
    await environment.pool.query('ALTER TABLE executed_intents SET (autovacuum_enabled = off)');
    const open = await settled(50);
    await letter(open, null);
    await settled(31, 20);
    await settled(1, 9);
    // PostgreSQL counts rows some seconds after they are there.
    await until(20_000, async () => {
      const { rows } = await environment.pool.query(
        `SELECT pg_stat_get_live_tuples('executed_intents'::regclass) AS live`,
      );
      assert.deepEqual(rows, [{ live: '30' }]);
    });
    const scrape = async (port: number | undefined) => {
      const response = await fetch(`http://127.0.0.1:${port ?? 0}/metrics`);
      const body = await response.text();
      const value = (name: string) => new RegExp(`^${name} (.+)$`, 'm').exec(body)?.[1];
      return { status: response.status, value };
    };
    const { value } = await scrape(environment.worker?.httpPort);
    assert.equal(value('ledger_rows'), '30');
    assert.ok(Number(value('ledger_bytes')) > 8_192);
    assert.ok(Math.abs(Number(value('ledger_prune_lag_seconds')) - 86_400) < 60);
    await prune();
    const again = await scrape(environment.worker?.httpPort);
    assert.equal(again.value('ledger_prune_lag_seconds'), value('ledger_prune_lag_seconds'), 'read every 30 s at most');

    const away = await startWorker({
      config: environment.config,
      logger: createLogger('silent'),
      endpoints: { ...environment.endpoints, postgres: { url: 'postgres://postgres@127.0.0.1:1/none' } },
    });
    try {
      const without = await scrape(away.httpPort);
      assert.deepEqual(
        [without.status, without.value('ledger_rows'), without.value('ledger_prune_lag_seconds')],
        [200, undefined, undefined],
      );
    } finally {
      await away.shutdown();
    }
  });

  it('takes no request, and half of one, for an empty one', async () => {
    for (const request of [null, { before: null }, { after: null }]) assert.equal((await prune(request)).deleted, 0);
  });

  it('names the field of a prune that cannot be', async () => {
    await assert.rejects(
      environment.temporal.workflow.execute('PruneLedgerWorkflow', {
        args: [{ before: 'yesterday', after: null }],
        taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
        workflowId: randomUUID(),
      }),
      (error: { cause?: { cause?: Error } }) => (error.cause?.cause?.message ?? '').startsWith('before: '),
    );
  });
});
