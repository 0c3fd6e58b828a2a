/** These rows show the section "Files, standard input and messages" of docs/inputs.md. */
import { EXAMPLE } from '../../src/cli/input.js';
import { envelopeOf, published, publishing, type Row } from './paths.js';

const one = publishing('1');
const two = publishing('2');
const list = `{"intents":[${two}]}`;
const envelope = envelopeOf(one);
const [ONE, TWO] = [1, 2].map(published);
const wanted = (problem: string) => `${problem}; wanted: ${EXAMPLE}`;
/** The intake takes envelopes alone: another object is one without its first field. */
const NO_ENVELOPE = 'envelope_version: expected one of 1.0, got nothing';

const LISTS = 'A JSON list, an object `{intents, ...}`, an `INTENT_EMITTED` envelope';
const lists: readonly Omit<Row, 'form'>[] = [
  { what: 'a list', given: `[${one}]`, file: [[ONE]], message: 'envelope: expected an object, got array' },
  { what: 'an object', given: list, file: [[TWO]], message: NO_ENVELOPE },
  { what: 'an envelope', given: envelope, file: [[ONE]], message: [ONE] },
  {
    what: 'an envelope over many lines',
    given: JSON.stringify(JSON.parse(envelope), null, 2),
    file: [[ONE]],
    message: [ONE],
  },
  {
    what: 'several on lines of their own',
    given: `${envelope}\n${list}\r\n[${one}]`,
    file: [[ONE], [TWO], [ONE]],
    message: `envelope: expected JSON, got "{" instead of the end at line 2, column 1`,
  },
  {
    what: 'several on one line',
    given: `${envelope} ${envelope}`,
    file: [[ONE], [ONE]],
    message: `envelope: expected JSON, got "{" instead of the end at line 1, column ${envelope.length + 2}`,
  },
];

const ALONE = 'Intents alone, one a line or one after the other';
const BESIDE = 'Intents alone beside lists, or beside a line that is broken';
const BYTES = 'Bytes that are not UTF-8';
const NO_JSON = 'A trailing comma, a comment, anything else that is no JSON';

/** A problem of JSON is told by line and column on both paths; a file has many lines, and a message is one. */
const noJson = (what: string, given: string, problem: string, line: number, column: number): Row => ({
  form: NO_JSON,
  what,
  given,
  file: [wanted(`${problem} at column ${column}`)],
  message: `envelope: ${problem} at line ${line}, column ${column}`,
});
const badByte = (at: number) =>
  `expected UTF-8, got 0xE9 at byte ${at} (Latin-1?); convert it: iconv -f LATIN1 -t UTF-8`;
const utf16 = (order: string, name: string) =>
  `expected UTF-8, got UTF-16 (${order}-endian); convert it: iconv -f ${name} -t UTF-8`;
const latin1 = envelopeOf(publishing('"café"'));
const separators = envelopeOf(publishing('"a\u2028b\u2029c"'));

export const FILE_ROWS: readonly Row[] = [
  ...lists.map((row) => ({ form: LISTS, ...row })),
  {
    form: ALONE,
    what: 'one a line',
    given: `${one}\n${two}\n`,
    file: [[ONE, TWO]],
    notes: ['2 intents that stand alone are one list, in their order'],
    message: `envelope: expected JSON, got "{" instead of the end at line 2, column 1`,
  },
  { form: ALONE, what: 'one', given: one, file: [[ONE]], message: NO_ENVELOPE },
  {
    form: BESIDE,
    what: 'a list',
    given: `${one}\n${list}`,
    file: [[TWO], 'expected lists, or nothing but intents, got 1 intent alone, and another kind of line at 2'],
    message: `envelope: expected JSON, got "{" instead of the end at line 2, column 1`,
  },
  {
    form: BESIDE,
    what: 'a broken line',
    given: `${one}\n{]`,
    file: [
      wanted('expected JSON, got "]" instead of a key in double quotes or "}" at column 2'),
      'expected lists, or nothing but intents, got 1 intent alone, and another kind of line at 2',
    ],
    message: `envelope: expected JSON, got "{" instead of the end at line 2, column 1`,
  },
  ...['', '\ufeff'].map((mark) => ({
    form: 'UTF-8, with a byte order mark or not',
    what: mark === '' ? 'without' : 'with',
    given: mark + envelopeOf(publishing('"é😀"')),
    file: [[published('é😀')]],
    message: [published('é😀')],
  })),
  ...['\ufeff', ''].flatMap((mark) => {
    const little = Buffer.from(mark + envelope, 'utf16le');
    return [
      { given: little, problem: utf16('little', 'UTF-16LE') },
      { given: Buffer.from(little).swap16(), problem: utf16('big', 'UTF-16BE') },
    ].map(({ given, problem }) => ({
      form: 'UTF-16',
      what: `${problem}${mark === '' ? '' : ', with a byte order mark'}`,
      given,
      file: [`FILE: ${problem}`],
      message: `envelope: ${problem}`,
    }));
  }),
  {
    form: BYTES,
    what: 'Latin-1',
    given: Buffer.from(latin1, 'latin1'),
    file: [wanted(badByte(latin1.indexOf('é') + 1))],
    message: `envelope: ${badByte(latin1.indexOf('é') + 1)}`,
  },
  {
    form: 'U+2028 and U+2029 in a text',
    what: 'both',
    given: separators,
    file: [[published('a\u2028b\u2029c')]],
    message: [published('a\u2028b\u2029c')],
  },
  noJson('a trailing comma', '[7,]', 'expected JSON, got a trailing comma instead of a value', 1, 3),
  noJson('a comment', '/* none */ {}', 'expected JSON, got a comment instead of a value', 1, 1),
  noJson('a NaN of Python', `{"a": NaN}`, 'expected JSON, got "NaN" instead of a value', 1, 7),
  noJson('half of it', '{"a": ', 'expected JSON, got the end instead of a value', 1, 7),
  {
    form: 'An empty file',
    what: 'no bytes',
    given: '',
    file: [wanted('FILE: expected a list of intents, got nothing')],
    message: 'envelope: expected JSON, got the end instead of a value at line 1, column 1',
  },
  {
    form: 'A directory',
    what: 'no file',
    given: null,
    file: ['FILE: expected a file, got a directory; wanted: cat DIRECTORY/*.json | bridge ... -'],
    message: 'envelope: expected JSON, got nothing',
  },
];
