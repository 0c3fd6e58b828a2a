/** These tests read what people have sent (test/data/field) on both paths, and need no server. */
import assert from 'node:assert/strict';
import { EXAMPLE, readRequests } from '../../src/cli/input.js';
import { readRequest } from '../../src/client/given-request.js';
import { makePlan, type Plan } from '../../src/domain/execution/plan.js';
import { UsedIds } from '../../src/domain/intake/used-ids.js';
import { inMarkdown, visible } from '../../src/domain/values/text.js';
import { TIME_FORMS } from '../../src/domain/values/time.js';
import { readEnvelope } from '../../src/intake/envelope-reader.js';
import { open } from '../domain/intake/support.js';
import { definitions } from '../support/definitions.js';
import { OBEYED } from '../support/hostile-text.js';
import { bytesOf, enveloped, pathOf, valueOf } from './field-files.js';
import { type Answer, byFile, byMessage } from './paths.js';

const answersOf = async (name: string) => (await byFile(bytesOf(name))).answers;
/** Returns what becomes of the one list of a file, which is the same in a message. */
async function answerOf(name: string): Promise<readonly unknown[]> {
  const [answer, ...others] = await answersOf(name);
  assert.deepEqual(others, []);
  assert.deepEqual(byMessage(enveloped(bytesOf(name))), answer);
  assert.ok(Array.isArray(answer), String(answer));
  return answer as readonly unknown[];
}
const fieldsOf = (answer: Answer | undefined, field: string): unknown[] =>
  (answer as readonly Record<string, unknown>[]).map((payload) => payload[field]);
const reasonsOf = (answer: readonly unknown[]): (string | null)[] =>
  answer.map((one) => (typeof one === 'string' ? one : null));

async function plansOf(name: string): Promise<Plan[]> {
  const plans: Plan[] = [];
  for await (const item of readRequests(pathOf(name))) {
    assert.ok(item.ok);
    plans.push(makePlan(readRequest(item.request), 'workflow', definitions));
  }
  return plans;
}
const listOf = (name: string) => {
  const read = readEnvelope(valueOf(name));
  assert.ok(read.ok);
  return read.list;
};

describe('files from the field', () => {
  it('c01a: a type is cut before its emoji, in the list, the reason and the report', async () => {
    const [plan] = await plansOf('c01a-failfast-type-cut.json');
    const [intent] = plan?.intents ?? [];
    assert.equal(intent?.type, `${'T'.repeat(99)}… (141 characters)`);
    const [reason] = await answerOf('c01a-failfast-type-cut.json');
    assert.match(String(reason), /^intent_type: expected one of .*, got string "T{80}… \(141 characters\)"$/);
    assert.deepEqual(plan?.tiers, [], 'priority 2 stops the list');
  });

  it('c02a: U+2028 and U+2029 stay in their texts', async () => {
    const answers = await answersOf('c02a-u2028.ndjson');
    assert.deepEqual(
      answers.flatMap((answer) => fieldsOf(answer, 'note')),
      ['before\u2028after', 'p\u2029q'],
    );
    const lines = bytesOf('c02a-u2028.ndjson').toString().trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => byMessage(enveloped(Buffer.from(line)))),
      answers,
    );
  });

  it('c03: Latin-1 is refused by its first byte', async () => {
    const bytes = bytesOf('c03-latin1.json');
    const problem = (at: number) =>
      `expected UTF-8, got 0xE9 at byte ${at} (Latin-1?); convert it: iconv -f LATIN1 -t UTF-8`;
    assert.deepEqual(await answersOf('c03-latin1.json'), [`${problem(154)}; wanted: ${EXAMPLE}`]);
    const message = enveloped(bytes);
    assert.equal(byMessage(message), `envelope: ${problem(message.indexOf(0xe9) + 1)}`);
  });

  it('c05: an event id is one id in any case, and is answered as it was written', () => {
    const { event_id, written_event_id } = listOf('c05-upper-event-id.ndjson');
    const written = 'ABCDEF01-2345-4678-9ABC-DEF012345678';
    assert.deepEqual([event_id, written_event_id], [written.toLowerCase(), written]);
    assert.equal(fieldsOf(byMessage(valueOf('c05-upper-event-id.ndjson')), 'note')[0], 'upper id');
  });

  it('c06: another list under a used event id is a conflict', () => {
    const slice = open(['c06a-first.ndjson', 'c06b-second-other-list.ndjson', 'c06a-first.ndjson'].map(listOf));
    const used = new UsedIds(slice, new Map(), new Map());
    assert.deepEqual(
      slice.lists.map((list) => used.use(list).skipped),
      [undefined, 'conflicts', 'repeats'],
    );
  });

  for (const [name, times] of [
    ['c07a-precision.json', ['2026-11-26T10:00:00.500Z', '2026-11-26T10:00:00Z']],
    ['c07c-skew.json', ['2026-11-26T10:00:03Z', '2026-11-26T10:00:01Z']],
  ] as const) {
    it(`${name.slice(0, 4)}: transitions whose times go back are taken as they are`, async () => {
      assert.deepEqual(fieldsOf(await answerOf(name), 'timestamp'), times);
    });
  }

  it('c09a: null is absent, an empty state is not, and digits are no number', async () => {
    const wrong = {
      15: 'payload.previous_state: expected at least 1 characters, got string ""',
      16: 'payload.aggregated_data.c9.total_stamps: expected a number, got string "100"',
    };
    const reasons = reasonsOf(await answerOf('c09a-nulls.json'));
    assert.equal(reasons.length, 18);
    assert.deepEqual(Object.fromEntries(Object.entries(reasons).filter(([, reason]) => reason !== null)), wrong);
  });

  it('c12: each time is taken as what it is, or refused with the forms', async () => {
    const sent = fieldsOf(
      (JSON.parse(bytesOf('c12-times.json').toString()) as { payload: object }[]).map(({ payload }) => payload),
      'timestamp',
    ) as string[];
    const found = (await answerOf('c12-times.json')).map((one) =>
      typeof one === 'string' ? one : (one as { timestamp: string }).timestamp,
    );
    const refused = (text: string) => `payload.timestamp: expected ${TIME_FORMS}, got string "${text}"`;
    const answers = sent.map((text) => (TAKEN.has(text) ? TAKEN.get(text) : refused(text)));
    assert.deepEqual(found, answers);
    assert.deepEqual([sent.length, new Set(sent.filter((text) => TAKEN.has(text))).size], [44, TAKEN.size]);
  });

  it('c17b: a request id may have an emoji', async () => {
    const [plan] = await plansOf('c17b-emoji-request-id.json');
    assert.equal(plan?.request_id, 'h1-c17-😀');
    assert.deepEqual(reasonsOf(await answerOf('c17b-emoji-request-id.json')), [null, null]);
  });

  it('c24: control characters are kept, and shown so that nothing obeys them', async () => {
    const [plan] = await plansOf('c24-escapes.json');
    const [event, , transition, evil] = await answerOf('c24-escapes.json');
    const key = 'k1\u001b[2J\u001b[1;1H\u001b]0;owned\u0007\rfake\nrow \u202egnp.exe';
    assert.equal((event as { partition_key: string }).partition_key, key);
    assert.equal(visible(key), 'k1\\u001b[2J\\u001b[1;1H\\u001b]0;owned\\u0007\\rfake\\nrow \\u202egnp.exe');
    assert.equal((transition as { current_state: string }).current_state, 'W\u001b[31MRED\u001b[0M');
    assert.match(String(evil), /got string "Evil\\u001b\[2J\\r\\u001b\]0;t\\u0007"$/);
    const summaries = plan?.tiers.flatMap(({ lanes }) => lanes.flatMap(({ chunks }) => chunks)) ?? [];
    for (const { summary } of summaries) assert.doesNotMatch(inMarkdown(summary), OBEYED);
  });

  it('c25: a list a line, intents a line, and pretty objects are one or two lists', async () => {
    const numbers = async (name: string) => (await answersOf(name)).map((answer) => fieldsOf(answer, 'n'));
    assert.deepEqual(await numbers('c25a-lists-per-line.ndjson'), [[1], [2]]);
    assert.deepEqual(await numbers('c25b-intent-per-line.ndjson'), [[1, 2]]);
    assert.deepEqual(await numbers('c25d-two-pretty.json'), [[1], [2]]);
  });

  it('c29b: a page of states and 300 namespaces are one list', async () => {
    const [recovery, states] = (await answerOf('c29b-minimal.json')) as Record<string, object>[];
    assert.equal(recovery?.['recovery_id'], 'c29');
    assert.equal(Object.keys(states?.['aggregated_data'] ?? {}).length, 300);
  });
});

/** The times of c12 that are taken, and what they are. */
const TAKEN: ReadonlyMap<string, string> = new Map([
  ['2026-01-31T12:00:00+0000', '2026-01-31T12:00:00+00:00'],
  ['2026-01-31T12:00:00+00', '2026-01-31T12:00:00+00:00'],
  ['20260131T120000Z', '2026-01-31T12:00:00Z'],
  ['2026-01-31t12:00:00z', '2026-01-31T12:00:00Z'],
  ['2026-01-31 12:00:00+00:00', '2026-01-31T12:00:00+00:00'],
  ['2026-01-31T12:00Z', '2026-01-31T12:00:00Z'],
  ['2026-01-31T12:00:00.123456789Z', '2026-01-31T12:00:00.123456Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ['9999-12-31T23:59:59.9999999Z', '9999-12-31T23:59:59.999999Z'],
  ['9999-12-31T23:59:59-12:00', '9999-12-31T23:59:59-12:00'],
  ['2026-03-29T02:30:00', '2026-03-29T02:30:00Z'],
  ['2026-01-31T12:00:00+14:00', '2026-01-31T12:00:00+14:00'],
  ['2026-01-31T12:00:00-00:00', '2026-01-31T12:00:00-00:00'],
]);
