/** These tests ask for `RedriveDeadLettersWorkflow`: by a schedule, from the command line, and as any client may. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { topicOf } from '../../../src/domain/events/event-types.js';
import type { RedriveReport, RedriveRequest } from '../../../src/domain/dead-letters/redrive.js';
import { until } from '../../../src/flow-control/until.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { numbersOf } from '../../support/events.js';
import { createEnvironment, type Environment } from '../../support/environment.js';

describe('redrives', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ except: { contract: 'the dead letters that it stores hold no envelope' } });
  });
  after(() => environment.close());

  const cli = async (...args: string[]) => {
    const run = await bridgeHere(['dead-letters', ...args, '--json'], environment.env);
    return { ...run, records: run.json() as Record<string, unknown>[] };
  };
  const redrive = (request: RedriveRequest): Promise<RedriveReport> =>
    environment.temporal.workflow.execute<(given: RedriveRequest) => Promise<RedriveReport>>(
      'RedriveDeadLettersWorkflow',
      { args: [request], taskQueue: environment.config.TEMPORAL_TASK_QUEUE, workflowId: randomUUID() },
    );

  /** Inserts dead letters, redriven `redrives` times so far. @returns their topic. */
  async function addLetters(
    letters: readonly { readonly key: string; readonly redrives?: number; readonly createdAt?: string }[],
  ): Promise<string> {
    const name = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'REGISTRY_REQUEST_INTROSPECTION');
    for (const { key, redrives = 0, createdAt = new Date().toISOString() } of letters) {
      await environment.pool.query(
        `INSERT INTO dead_letters
           (intent_id, event_id, topic, message_key, message_value, failure_reason, retry_attempts, redrive_count, created_at)
         VALUES ($1, $2, $3, $4, '{"payload":{"n":1}}', 'test', 3, $5, $6)`,
        [randomUUID(), randomUUID(), name, key, redrives, createdAt],
      );
    }
    return name;
  }

  it('redrives on a schedule that setup keeps', async function () {
    this.timeout(120_000);
    const setup = async (seconds: number) => {
      const run = await bridgeHere(['setup', '--json'], { ...environment.env, DLQ_REDRIVE_SECONDS: String(seconds) });
      return (run.json()[0] as { schedules: string[] }).schedules;
    };
    const id = `redrive-dead-letters-${environment.config.TEMPORAL_TASK_QUEUE}`;
    const [spent, key] = [randomUUID(), randomUUID()];
    // The spent letter is before the other one, so a run that takes the other has passed it. It was redriven as often
    // as a schedule does.
    const name = await addLetters([{ key: spent, redrives: environment.config.KAFKA_DLQ_MAX_REDRIVES }, { key }]);
    assert.deepEqual(await setup(2), [id]);
    await until(30_000, async () => {
      const { rows } = await environment.pool.query('SELECT redriven_at FROM dead_letters WHERE message_key = $1', [
        key,
      ]);
      assert.notEqual((rows[0] as { redriven_at: unknown }).redriven_at, null);
    });
    assert.deepEqual(await numbersOf(environment, name, key), [1]);
    assert.deepEqual(await setup(2), []);
    assert.deepEqual(await setup(0), []);
    await assert.rejects(environment.temporal.schedule.getHandle(id).describe(), /not found/);
    assert.deepEqual(await numbersOf(environment, name, spent), [], 'it is left to a person');
    assert.equal((await redrive({ topic: name })).redriven, 1);
    assert.deepEqual(await numbersOf(environment, name, spent), [1]);
  });

  it('tries a letter ten times by itself, then leaves it to a person', async () => {
    const [ninth, tenth] = [randomUUID(), randomUUID()];
    const name = await addLetters([
      { key: ninth, redrives: 9 },
      { key: tenth, redrives: 10 },
    ]);
    const automatic = await redrive({ topic: name, automatic: true });
    assert.deepEqual(automatic, { redriven: 1, failed: 0, behind: 0, stopped: null });
    const sent = () => Promise.all([ninth, tenth].map((key) => numbersOf(environment, name, key)));
    assert.deepEqual(await sent(), [[1], []]);
    assert.equal((await redrive({ topic: name })).redriven, 1, 'who asks for it is not held to the limit');
    assert.deepEqual(await sent(), [[1], [1]]);
  });

  it('lists and redrives only letters from a time on', async () => {
    const [older, newer] = [randomUUID(), randomUUID()];
    const name = await addLetters([
      { key: older, createdAt: '2026-01-31T11:59:59.999Z' },
      { key: newer, createdAt: '2026-01-31T12:00:00Z' },
    ]);
    const since = ['--topic', name, '--since', '2026-01-31T13:00:00+01:00'];
    const keysOf = ({ records }: Awaited<ReturnType<typeof cli>>) => records.map((letter) => letter['key']);
    assert.deepEqual(keysOf(await cli('list', ...since)), [newer]);
    assert.deepEqual((await cli('redrive', ...since)).records, [{ redriven: 1, failed: 0, behind: 0, stopped: null }]);
    assert.deepEqual([await numbersOf(environment, name, newer), await numbersOf(environment, name, older)], [[1], []]);
    const { rows } = await environment.pool.query(
      'SELECT message_key FROM dead_letters WHERE topic = $1 AND redriven_at IS NULL',
      [name],
    );
    assert.deepEqual(rows, [{ message_key: older }]);
    assert.equal((await redrive({ topic: name })).redriven, 1);
  });

  it('has the time of two stores for a page, and so has a recovery', async () => {
    const { temporal, config } = environment;
    const startToCloseOf = async (type: string) => {
      const handle = await temporal.workflow.start(type, {
        args: [{}],
        taskQueue: config.TEMPORAL_TASK_QUEUE,
        workflowId: randomUUID(),
      });
      await handle.result();
      const { events } = await handle.fetchHistory();
      return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
        scheduled == null ? [] : [[scheduled.activityType?.name, Number(scheduled.startToCloseTimeout?.seconds)]],
      );
    };
    assert.deepEqual(await startToCloseOf('RedriveDeadLettersWorkflow'), [['redriveDeadLetters', 180]]);
    assert.deepEqual(await startToCloseOf('RecoverFsmStatesWorkflow'), [
      ['emitFsmStates', 180],
      ['emitRecoverySummary', 90],
    ]);
  });

  it('names the field of a redrive that cannot be', async () => {
    await assert.rejects(
      environment.temporal.workflow.execute('RedriveDeadLettersWorkflow', {
        args: [{ since: 'yesterday' }],
        taskQueue: environment.config.TEMPORAL_TASK_QUEUE,
        workflowId: randomUUID(),
      }),
      (error: { cause?: { cause?: Error } }) =>
        (error.cause?.cause?.message ?? '').startsWith('since: expected a time such as'),
    );
    const { code, stderr } = await cli('list', '--since', '1');
    assert.equal(code, 2);
    assert.match(stderr, /--since.*expected 30m, 12h or 7d \(ago\), or a time such as/);
  });

  it('redrives and sweeps from the start after an invalid cursor', async () => {
    const { temporal, config } = environment;
    for (const [type, none] of [
      ['RedriveDeadLettersWorkflow', { redriven: 0, failed: 0, behind: 0, stopped: null }],
      ['SweepExecutionsWorkflow', { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 }],
    ] as const) {
      for (const so_far of [null, 7, { redriven: 'many', swept: [] }]) {
        const report: unknown = await temporal.workflow.execute(type, {
          args: [{}, { so_far }],
          taskQueue: config.TEMPORAL_TASK_QUEUE,
          workflowId: randomUUID(),
        });
        assert.deepEqual(report, none);
      }
    }
  });
});
