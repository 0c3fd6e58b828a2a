/** These tests execute what people have sent (test/data/field) on real servers, by `bridge` and by the intake. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { bridgeHere } from '../support/bridge-here.js';
import { readEvents } from '../support/events.js';
import { OBEYED } from '../support/hostile-text.js';
import { bytesOf, enveloped, valueOf } from './field-files.js';
import { outcomesOf, useService } from './service.js';

describe('files from the field, on real servers', function () {
  this.timeout(90_000);
  const service = useService({ rows: 'states are written past the store' });
  // The servers may have executed the files in an earlier run: a list under a used request id is not executed again.
  const fresh = randomUUID().slice(0, 8);
  const freshBytesOf = (name: string) => Buffer.from(bytesOf(name).toString().replaceAll('h1-', `${fresh}-`));
  const linesOf = (name: string) => bytesOf(name).toString().trimEnd().split('\n');
  /** Gives the bytes of a list to the intake, and returns what became of its intents. */
  const emitted = async (bytes: Buffer): Promise<string[]> => {
    const eventId = randomUUID();
    await service.produce(enveloped(bytes, eventId));
    return outcomesOf(await service.verdict(eventId));
  };
  /** Returns a field of all heartbeats that have it. */
  const heartbeats = async (field: string) =>
    (await readEvents(service.environment, ['NODE_HEARTBEAT'])).flatMap(
      ({ envelope }) => envelope.payload[field] ?? [],
    );
  const TWICE = ['succeeded', 'succeeded'];

  it('c25: lists and intents on lines of their own are executed as they are meant', async () => {
    for (const [name, lists] of [
      ['c25a-lists-per-line.ndjson', [['succeeded'], ['succeeded']]],
      ['c25b-intent-per-line.ndjson', [TWICE]],
      ['c25d-two-pretty.json', [['succeeded'], ['succeeded']]],
    ] as const) {
      assert.deepEqual((await service.execute(freshBytesOf(name))).map(outcomesOf), lists);
    }
    for (const line of linesOf('c25a-lists-per-line.ndjson')) {
      assert.deepEqual(await emitted(Buffer.from(line)), ['succeeded']);
    }
    assert.deepEqual((await heartbeats('n')).sort(), [1, 1, 1, 1, 2, 2, 2, 2]);
  });

  it('c02a: U+2028 and U+2029 are published as they were sent', async () => {
    const reports = await service.execute(freshBytesOf('c02a-u2028.ndjson'));
    assert.deepEqual(reports.map(outcomesOf), [['succeeded'], ['succeeded']]);
    const [line = ''] = linesOf('c02a-u2028.ndjson');
    assert.deepEqual(await emitted(Buffer.from(line.replace('h1-u2028', randomUUID()))), ['succeeded']);
    assert.deepEqual((await heartbeats('note')).sort(), ['before\u2028after', 'before\u2028after', 'p\u2029q']);
  });

  it('c03: Latin-1 is refused, and nothing of it is stored', async () => {
    const refused = await service.bridge('execute', bytesOf('c03-latin1.json'));
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /line 1: expected UTF-8, got 0xE9 at byte 154 \(Latin-1\?\)/);
    const message = enveloped(bytesOf('c03-latin1.json'), randomUUID());
    await service.produce(message);
    assert.match(await service.reasonFor(message), /^envelope: expected UTF-8, got 0xE9 at byte \d+ \(Latin-1\?\)/);
    const id = '33333333-3333-4333-8333-333333333333';
    assert.deepEqual(await service.rows('SELECT FROM bridge_states WHERE bridge_id = $1', id), []);
  });

  it('c01a: the report and the failure of a list that stops are well-formed', async () => {
    const [report] = await service.execute(freshBytesOf('c01a-failfast-type-cut.json'));
    assert.equal(report?.outcome, 'failed');
    assert.equal(report.results[0]?.intent_type, `${'T'.repeat(99)}… (141 characters)`);
    assert.ok(JSON.stringify(report).isWellFormed());
    const { temporal } = service.environment;
    const ended = await temporal.workflow.getHandle(report.workflow_id).result().then(String, String);
    assert.ok(ended.isWellFormed());
    assert.match(
      (await emitted(freshBytesOf('c01a-failfast-type-cut.json'))).join(),
      /^intent_type: .*\(141 characters\)"$/,
    );
  });

  it('c05, c06: an event id in capitals is answered so, and another list under one is a conflict', async () => {
    await service.produce(valueOf('c05-upper-event-id.ndjson'), valueOf('c06a-first.ndjson'));
    const { event_id } = await service.verdict('ABCDEF01-2345-4678-9ABC-DEF012345678');
    assert.equal(event_id, 'ABCDEF01-2345-4678-9ABC-DEF012345678');
    await service.verdict('66666666-6666-4666-8666-666666666666');
    const other = valueOf('c06b-second-other-list.ndjson');
    await service.produce(other);
    assert.match(await service.reasonFor(other), /^event_id: 66666666-.* belongs to another list of intents /);
    const id = '66666666-aaaa-4666-8666-666666666666';
    const rows = await service.rows('SELECT total_items_aggregated AS n FROM bridge_states WHERE bridge_id = $1', id);
    assert.deepEqual(rows, [{ n: '1' }]);
  });

  for (const [name, id] of [
    ['c07a-precision.json', '70000000-0000-4000-8000-000000000001'],
    ['c07c-skew.json', '70000000-0000-4000-8000-000000000003'],
  ] as const) {
    it(`${name.slice(0, 4)}: the state is that of the higher count, whatever the clocks say`, async () => {
      assert.deepEqual((await service.execute(freshBytesOf(name))).map(outcomesOf), [TWICE]);
      const sql = 'SELECT current_state, transition_count, epoch FROM fsm_states WHERE workflow_id = $1';
      const before = await service.rows(sql, id);
      assert.deepEqual(before, [{ current_state: 'COMPLETED', transition_count: '2', epoch: 1 }]);
      await emitted(freshBytesOf(name));
      assert.deepEqual(await service.rows(sql, id), before);
    });
  }

  it('c09a, c12: nulls and times are stored but for those that are refused', async () => {
    for (const [name, refused] of [
      ['c09a-nulls.json', 2],
      ['c12-times.json', 16],
    ] as const) {
      const [report] = await service.execute(freshBytesOf(name));
      const outcomes = report === undefined ? [] : outcomesOf(report);
      assert.equal(outcomes.filter((one) => one.startsWith('payload.')).length, refused, outcomes.join('\n'));
      assert.equal(outcomes.filter((one) => one !== 'succeeded').length, refused, outcomes.join('\n'));
      assert.deepEqual((await emitted(freshBytesOf(name))).filter((one) => one !== 'succeeded').length, refused);
    }
  });

  it('c17b: a list is found by its request id with an emoji', async () => {
    assert.deepEqual((await service.execute(freshBytesOf('c17b-emoji-request-id.json'))).map(outcomesOf), [TWICE]);
    const { code, stdout } = await bridgeHere(['status', `${fresh}-c17-😀`], service.environment.env);
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`${fresh}-c17-😀  completed  2 succeeded\n`), stdout);
  });

  it('c24: no terminal obeys what is shown of a list, and its texts are stored as they are', async () => {
    const run = await service.bridge('execute', freshBytesOf('c24-escapes.json'));
    assert.equal(run.code, 1, run.stderr);
    for (const line of `${run.stdout}\n${run.stderr}`.split('\n')) assert.doesNotMatch(line, OBEYED);
    assert.match(run.stdout, /Evil\\u001b\[2J/);
    assert.equal((await emitted(freshBytesOf('c24-escapes.json'))).filter((one) => one !== 'succeeded').length, 1);
    const id = '24000000-0000-4000-8000-000000000001';
    const rows = await service.rows('SELECT current_state FROM fsm_states WHERE workflow_id = $1', id);
    assert.deepEqual(rows, [{ current_state: 'W\u001b[31MRED\u001b[0M' }]);
  });

  it('c29, c29b: a page of 6,000 large states and 300 namespaces fit one report', async () => {
    await service.environment.pool.query(bytesOf('c29-states.sql').toString());
    const [report] = await service.execute(freshBytesOf('c29b-minimal.json'));
    assert.deepEqual([report?.outcome, report?.counts], ['completed', { succeeded: 2 }]);
    const id = '29000000-bbbb-4000-8000-000000000300';
    const rows = await service.rows('SELECT count(*)::int AS n FROM bridge_states WHERE bridge_id = $1', id);
    assert.deepEqual(rows, [{ n: 300 }]);
    assert.deepEqual(await emitted(freshBytesOf('c29b-minimal.json')), TWICE);
  });
});
