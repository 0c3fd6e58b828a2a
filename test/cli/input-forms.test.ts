/** These tests read what people send to `bridge execute`: every form is a list, or is refused with its line. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../src/cli/errors.js';
import { EXAMPLE, type InputItem, readRequests } from '../../src/cli/input.js';
import { definitions } from '../support/definitions.js';
import { parseIntent } from '../../src/domain/intents/parse.js';

const intent = (n: number) => ({
  intent_type: 'PublishEvent',
  target: 'event_bus',
  payload: { event_type: 'NODE_HEARTBEAT', n },
});
const line = JSON.stringify;
const pretty = (value: unknown) => JSON.stringify(value, null, 2);
const list = (id: string) => ({ request_id: id, intents: [intent(1)] });
const EVENT = 'ABCDEF01-2345-4678-9ABC-DEF012345678';
const envelope = (payload: object = {}) => ({
  envelope_version: '1.0',
  event_id: EVENT,
  event_type: 'INTENT_EMITTED',
  correlation_id: 'c',
  payload: { intents: [intent(1)], ...payload },
  metadata: {},
});
const BAD_BYTES = (hex: string, at: number) =>
  `expected UTF-8, got 0x${hex} at byte ${at} (Latin-1?); convert it: iconv -f LATIN1 -t UTF-8`;

describe('an input', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bridge-input-'));
  });
  after(() => rm(directory, { recursive: true }));

  async function read(text: string | Uint8Array): Promise<InputItem[]> {
    const file = join(directory, 'list');
    await writeFile(file, text);
    const items: InputItem[] = [];
    for await (const item of readRequests(file)) items.push(item);
    return items;
  }
  /** The intents by their number, with the line and the name of their list. */
  const shown = (item: InputItem) =>
    item.ok
      ? [
          item.line,
          item.request.request_id ?? null,
          ...item.request.intents.map((one) => (one as ReturnType<typeof intent>).payload.n),
        ]
      : [item.line, item.error];
  /** The refusal of a line: with an example of a list. */
  const refused = (at: number, problem: string) => [at, `${problem}; wanted: ${EXAMPLE}`];
  const one = (id: string | null = null, at = 1) => [at, id, 1];
  const alone = (n: number, other: number) =>
    `expected lists, or nothing but intents, got ${n} intent${n === 1 ? '' : 's'} alone, and another kind of line at ${other}`;

  const forms: readonly (readonly [what: string, given: string | Uint8Array, found: unknown[], note?: string])[] = [
    ['a list', line([intent(1), intent(2)]), [[1, null, 1, 2]]],
    ['a list a line', `${line([intent(1)])}\n${line([intent(2)])}\n`, [one(), [2, null, 2]]],
    ['a list with an intent a line', `[\n${line(intent(1))},\n\n${line(intent(2))}\n]`, [[1, null, 1, 2]]],
    ['an intent', line(intent(1)), [one()]],
    [
      'an intent a line',
      `\n${line(intent(1))}\r\n${line(intent(2))}\n`,
      [[2, null, 1, 2]],
      '2 intents that stand alone are one list, in their order',
    ],
    [
      'pretty intents',
      `${pretty(intent(1))}\n${pretty(intent(2))}`,
      [[1, null, 1, 2]],
      '2 intents that stand alone are one list, in their order',
    ],
    ['intents beside a list', `${line(intent(1))}\n${line(list('a'))}`, [one('a', 2), [1, alone(1, 2)]]],
    [
      'intents beside a broken line',
      `${line(intent(1))}\n{]\n${line(intent(2))}`,
      [refused(2, 'expected JSON, got "]" instead of a key in double quotes or "}" at column 2'), [1, alone(2, 2)]],
    ],
    ['pretty objects', `${pretty(list('a'))}\n${pretty(list('b'))}\n`, [one('a'), one('b', 14)]],
    ['pretty objects without a newline between', `${pretty(list('a'))}${pretty(list('b'))}`, [one('a'), one('b', 13)]],
    ['pretty lists', `${pretty([intent(1)])}\n\n${pretty([intent(2)])}`, [one(), [12, null, 2]]],
    ['objects on one line', `${line(list('a'))} ${line(list('b'))}`, [one('a'), one('b')]],
    ['old Mac lines', `${line(list('a'))}\r${line(list('b'))}\r`, [one('a'), one('b')]],
    ['an envelope', line(envelope()), [one(EVENT.toLowerCase())]],
    [
      'pretty envelopes',
      `${pretty(envelope({ request_id: 'r' }))}\n${pretty(envelope())}`,
      [one('r'), one(EVENT.toLowerCase(), 21)],
    ],
    [
      'an envelope of another event',
      line({ ...envelope(), event_type: 'X' }),
      [[1, 'event_type: expected one of INTENT_EMITTED, got string "X"']],
    ],
    [
      'a byte order mark in front of each file',
      `\ufeff${line(list('a'))}\r\n\ufeff${line(list('b'))}`,
      [one('a'), one('b', 2)],
    ],
    [
      'U+2028, U+2029 and U+0085 in a string',
      `${line(list('a\u2028b\u2029c\u0085d'))}\n${line(list('b'))}`,
      [one('a\u2028b\u2029c\u0085d'), one('b', 2)],
    ],
    [
      'brackets and quotation marks in strings',
      `${pretty(list('{[\\"]]}'))}\n${line(list('"'))}`,
      [one('{[\\"]]}'), one('"', 14)],
    ],
    [
      'a trailing comma',
      `[\n${line(intent(1))},\n]`,
      [refused(2, `expected JSON, got a trailing comma instead of a value at column ${line(intent(1)).length + 1}`)],
    ],
    [
      'a comma behind each line',
      `${line(list('a'))},\n${line(list('b'))},`,
      [1, 2].map((at) =>
        refused(at, `expected JSON, got "," instead of the end at column ${line(list('a')).length + 1}`),
      ),
    ],
    [
      'a comment',
      '{\n  // none: {\n  "intents": []\n}',
      [refused(2, 'expected JSON, got a comment instead of a key in double quotes or "}" at column 3')],
    ],
    [
      'a comment behind a list',
      `${line(list('a'))} // x`,
      [refused(1, `expected JSON, got a comment instead of the end at column ${line(list('a')).length + 2}`)],
    ],
    [
      'a comment behind the second list of a line',
      '[] [] #',
      [[1, null], refused(1, 'expected JSON, got a comment instead of the end at column 7')],
    ],
    ['another format', 'intents:\n', [refused(1, 'expected JSON, got "intents" instead of a value at column 1')]],
    [
      'a string over two lines',
      `{"request_id": "a\nb", "intents": []}`,
      [
        refused(
          1,
          'expected JSON, got a string that has a wrong escape or no end on its line instead of a value at column 16',
        ),
      ],
    ],
    ['a list without its end', '[\n[]', [refused(2, 'expected JSON, got the end instead of "," or "]" at column 3')]],
    [
      'a line without its end',
      `{"intents": [\n\n${line(list('b'))}\n${line([intent(1)])}\n{"a": `,
      [
        refused(1, 'expected JSON, got the end instead of a value or "]" at column 14'),
        one('b', 3),
        one(null, 4),
        refused(5, 'expected JSON, got the end instead of a value at column 7'),
      ],
    ],
    [
      'a first envelope without its end',
      `{"envelope_version": [\n${line(envelope())}`,
      [refused(1, 'expected JSON, got the end instead of a value or "]" at column 23'), one(EVENT.toLowerCase(), 2)],
    ],
    [
      'Latin-1 on a line',
      Buffer.from(`${line(list('a'))}\n${line(list('caf\xe9'))}\n${line(list('b'))}`, 'latin1'),
      [one('a'), refused(2, BAD_BYTES('E9', 19)), one('b', 3)],
    ],
    [
      'Latin-1 in a pretty list',
      Buffer.from(`${pretty(list('na\xefve'))}\n${line(list('b'))}`, 'latin1'),
      [refused(2, BAD_BYTES('EF', 20)), one('b', 14)],
    ],
    [
      'lists in a list',
      line([list('a'), list('b')]),
      [refused(1, 'expected intents, got a list of lists, each of which needs a line of its own')],
    ],
    [
      'a Kafka record',
      line({ key: 'k', value: envelope() }),
      [refused(1, 'expected a list of intents, got object with "key", "value"')],
    ],
    [
      'many fields',
      line({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }),
      [refused(1, 'expected a list of intents, got object with "a", "b", "c", "d", "e"')],
    ],
    ['an empty object', '{}', [refused(1, 'expected a list of intents, got object with no fields')]],
    [
      'other JSON',
      '7\nnull\n"x"',
      [
        refused(1, 'expected a list of intents, got number 7'),
        refused(2, 'expected a list of intents, got null'),
        refused(3, 'expected a list of intents, got string "x"'),
      ],
    ],
    [
      'over 2,000 intents that stand alone',
      `${line(intent(1))}\n`.repeat(2_001),
      [[1, 'intents: the list holds 2001 intents, the limit is 2000; split it into several lists']],
    ],
  ];
  for (const [what, given, found, note] of forms) {
    it(`is read: ${what}`, async () => {
      const items = await read(given);
      assert.deepEqual(items.map(shown), found);
      assert.equal(items.map((item) => (item.ok ? item.note : undefined)).join(''), note ?? '');
    });
  }

  it('is refused as a whole where nothing of it can be read', async () => {
    for (const [text, problem] of [
      ['', `list: expected a list of intents, got nothing; wanted: ${EXAMPLE}`],
      ['\ufeff\n \r\n', `list: expected a list of intents, got nothing; wanted: ${EXAMPLE}`],
      [
        Buffer.from('\ufeff[]\n[]', 'utf16le'),
        'list: expected UTF-8, got UTF-16 (little-endian); convert it: iconv -f UTF-16LE -t UTF-8',
      ],
    ] as const) {
      await assert.rejects(
        read(text),
        (error: Error) => error instanceof UsageError && error.message.endsWith(problem),
      );
    }
    await assert.rejects(
      readRequests(directory).next(),
      /: expected a file, got a directory; wanted: cat DIRECTORY\/\*\.json \| bridge \.\.\. -$/,
    );
    await assert.rejects(readRequests(join(directory, 'nowhere')).next(), /nowhere: ENOENT/);
  });

  it('is shown an example that can be executed', () => {
    const [example] = JSON.parse(EXAMPLE) as unknown[];
    assert.equal(parseIntent(example, definitions).ok, true);
  });

  it('keeps the correlation id and the options of an envelope', async () => {
    const [item] = await read(line(envelope({ options: { failFastPriority: 3 } })));
    assert.ok(item?.ok);
    assert.deepEqual(item.request.options, { failFastPriority: 3, derivedEvents: 'unless_published' });
    assert.equal(item.request.correlation_id, 'c');
  });
});
