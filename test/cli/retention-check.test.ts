/** These tests check whether the ledger is kept as long as anything that can bring an intent back. */
import assert from 'node:assert/strict';
import { judgeRetention } from '../../src/cli/retention-check.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { bridgeHere } from '../support/bridge-here.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { configureTopic } from '../support/topics.js';

const DAY_MS = 86_400_000;

describe('the ledger’s retention', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ env: { LEDGER_RETENTION_DAYS: '30' } });
  });
  after(async () => {
    // This set-up removes the pruning schedule, which must not stay on the server.
    await bridgeHere(['setup'], { ...environment.env, LEDGER_RETENTION_DAYS: '0' });
    await environment.close();
  });

  it('is judged by the doctor against what Temporal and the topics keep', async () => {
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'NODE_HEARTBEAT');
    const keep = (setting: 'retention.ms' | 'cleanup.policy', value: string) =>
      configureTopic(environment.endpoints.kafka.brokers, topic, setting, value);
    const doctor = async (days: number) => {
      const run = await bridgeHere(['doctor'], { ...environment.env, LEDGER_RETENTION_DAYS: String(days) });
      // The match takes several lines, because a long finding is wrapped.
      const [found = ''] = /^ *\S+ +ledger retention[^]*?(?=\n *(?:ok|warn|FAIL) |\s*$(?![^]))/m.exec(run.stdout) ?? [];
      return { code: run.code, line: found.replace(/\s+/g, ' ').trim() };
    };
    assert.match((await doctor(30)).line, /^ok +ledger retention$/);
    await keep('retention.ms', String(45 * DAY_MS));
    const short = await doctor(30);
    assert.equal(short.code, 1);
    assert.match(
      short.line,
      new RegExp(
        `^FAIL +ledger retention +30 days, but ${topic} keeps its messages for 45 days; set LEDGER_RETENTION_DAYS to 46 or more`,
      ),
    );
    assert.match((await doctor(46)).line, /^ok /);
    // A compacted topic keeps the last message of each key, whatever its retention says.
    for (const [name, value] of [
      ['retention.ms', '-1'],
      ['cleanup.policy', 'compact'],
    ] as const) {
      await keep(name, value);
      const unbounded = await doctor(30);
      assert.equal(unbounded.code, 0);
      assert.match(
        unbounded.line,
        new RegExp(
          `^warn +ledger retention +30 days, but ${topic} keeps its messages for ever; LEDGER_RETENTION_DAYS=0 does so too$`,
        ),
      );
    }
    assert.match((await doctor(0)).line, /^ok /);
    const both = await bridgeHere(['doctor'], { ...environment.env, FSM_RETENTION_DAYS: '6' });
    assert.match(both.stdout.replace(/\s+/g, ' '), /FAIL FSM retention 6 days, but .* set FSM_RETENTION_DAYS to 8 /);
    // The finding names the topic that keeps its messages longest. The namespace is judged below.
    assert.match(
      (await doctor(1)).line,
      /^FAIL +ledger retention +1 day, but .* for 7 days \(and \d+ more\); set .* to 8 /,
    );
  });

  it('is judged against a namespace that keeps executions longer than every topic', () => {
    const topics = new Map([['t', 7 * 86_400]]);
    const of = (days: number) =>
      judgeRetention('LEDGER_RETENTION_DAYS', days, { namespace: 'n', executions: 30 * 86_400, topics });
    assert.equal(
      of(30),
      '30 days, but Temporal keeps the executions of namespace n for 30 days; set LEDGER_RETENTION_DAYS to 31 or more',
    );
    assert.equal(of(31), null);
  });

  it('is judged alike for FSM states, under the name of its setting', () => {
    const of = (executions: number, topics: ReadonlyMap<string, number> = new Map()) =>
      judgeRetention('FSM_RETENTION_DAYS', 7, { namespace: 'n', executions, topics });
    assert.equal(
      of(7 * 86_400),
      '7 days, but Temporal keeps the executions of namespace n for 7 days; set FSM_RETENTION_DAYS to 8 or more',
    );
    assert.deepEqual(of(86_400, new Map([['t', Infinity]])), {
      warning: true,
      detail: '7 days, but t keeps its messages for ever; FSM_RETENTION_DAYS=0 does so too',
    });
    assert.equal(of(86_400), null);
  });
});
