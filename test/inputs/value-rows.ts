/** These rows show the sections "Values" and "Times" of docs/inputs.md, by the same envelopes on both paths. */
import { TIME_FORMS } from '../../src/domain/values/time.js';
import { envelopeOf, ID, published, publishing, type Row } from './paths.js';

/** Makes a row of a list whose only intent has an answer. */
const row = (form: string, what: string, intent: string, answer: unknown): Row => ({
  form,
  what,
  given: envelopeOf(intent),
  file: [[answer]],
  message: [answer],
});
const taken = (form: string, own: string, value: unknown = JSON.parse(own)): Row =>
  row(form, own, publishing(own), published(value));
const rejected = (form: string, own: string, problem: string): Row =>
  row(form, own, publishing(own), `payload.a.b: ${problem}`);

const NULLS = 'null for a field that is not required, at any depth';
const WHOLE = 'A whole number beyond 2^53 - 1';
const FLOAT = 'A float such as `6.02e23` in a free field';
const TEXT = 'Emoji, marks, any other text';
const CONTROLS = 'Control and bidirectional characters';
const UNSAFE = 'expected a whole number JSON can represent (up to 9007199254740991), got number';
const KNOWN = 'expected one of PersistFSMTransition, PersistState, PublishEvent, RecoverFSMStates';

/** Returns the text of an intent that stores states. */
const storing = (fields: object): string =>
  JSON.stringify({
    intent_type: 'PersistState',
    target: 'store_effect',
    payload: { aggregation_id: ID, aggregated_data: { ns: { total_stamps: 1 } }, ...fields },
  });
const ns = { total_stamps: 1, unique_workflows_count: 0 };
const stored = { aggregation_id: ID, aggregated_data: { ns }, fsm_states: {} };
const nullsInside = { ns: { total_stamps: 1, total_size_bytes: null, unique_workflows_count: null } };

export const VALUE_ROWS: readonly Row[] = [
  row(NULLS, 'at the top', storing({ timestamp: null, fsm_states: null }), { ...stored, timestamp: null }),
  row(NULLS, 'deeper', storing({ aggregated_data: nullsInside }), stored),
  taken(NULLS, 'null'),
  ...['9007199254740992', '-9007199254740993', '100000000000000000000', '1234567890123456789012'].map((own) =>
    rejected(WHOLE, own, UNSAFE),
  ),
  ...['6.02e23', '-1e300', '5e-324'].map((own) => taken(FLOAT, own)),
  taken('A decimal that a double cannot hold', '0.1000000000000000055', 0.1),
  taken('`-0`', '-0', 0),
  ...['1e400', '-1e400'].map((own) =>
    rejected('`1e400`', own, 'expected a number under 1.7976931348623157e+308, got number that is not'),
  ),
  rejected('NUL', '"a\\u0000"', 'expected text without NUL characters (\\u0000), got string with one'),
  ...['"\\ud83d"', '"\\ude00"'].map((own) =>
    rejected('Half of a surrogate pair', own, 'expected well-formed Unicode, got string with half of a surrogate pair'),
  ),
  ...['"👩‍👩‍👧‍👦 🇫🇷"', '"e\u0301 क्षि"', '"\ufffd\ufeff"'].map((own) => taken(TEXT, own)),
  row(
    TEXT,
    'a type that is too long for a message',
    JSON.stringify({ intent_type: `${'x'.repeat(79)}😀${'x'.repeat(20)}`, target: 'store_effect', payload: {} }),
    `intent_type: ${KNOWN}, got string "${'x'.repeat(79)}… (101 characters)"`,
  ),
  taken(CONTROLS, '"\\u001b[2J\\r\\u202e"'),
  row(
    CONTROLS,
    'in a type that is unknown',
    JSON.stringify({ intent_type: '\u001b[2J\r\u202e', target: 'store_effect', payload: {} }),
    `intent_type: ${KNOWN}, got string "\\u001b[2J\\r\u202e"`,
  ),
];

const FORMS =
  'RFC 3339; `t` and `z`; a space for `T` or before the offset; a comma; `+0000`, `+00`; no seconds; `20260131T120000Z`';
const REFUSED = '`:60`, `24:00`, 30 February, a date alone, a week, an ordinal date, seconds since 1970';
const OUTSIDE = 'Years outside of 0001 to 9999, offsets of 16 hours and more';
const NAMED = '`+01:00[Europe/Paris]`, `+0000 UTC`';
const DIGITS = 'More than six digits of a second';

/** Times by their form: as sent, and as executed; null: the time is refused. */
const TIMES: readonly (readonly [form: string, sent: string, executed: string | null])[] = [
  [FORMS, '2026-01-31T12:00:00.123456+02:00', '2026-01-31T12:00:00.123456+02:00'],
  [FORMS, '2026-01-31t12:00:00z', '2026-01-31T12:00:00Z'],
  [FORMS, '2026-01-31 12:00:00+00:00', '2026-01-31T12:00:00+00:00'],
  [FORMS, '2026-01-31 12:00:00 +0000', '2026-01-31T12:00:00+00:00'],
  [FORMS, '2026-01-31 12:00:00,123', '2026-01-31T12:00:00.123Z'],
  [FORMS, '2026-01-31T12:00:00+0000', '2026-01-31T12:00:00+00:00'],
  [FORMS, '2026-01-31T12:00:00+00', '2026-01-31T12:00:00+00:00'],
  [FORMS, '2026-01-31T12:00Z', '2026-01-31T12:00:00Z'],
  [FORMS, '20260131T120000Z', '2026-01-31T12:00:00Z'],
  ['No offset', '2026-01-31T12:00:00', '2026-01-31T12:00:00Z'],
  [NAMED, '2026-01-31T12:00:00+01:00[Europe/Paris]', '2026-01-31T12:00:00+01:00'],
  [NAMED, '2026-01-31 12:00:00 +0000 UTC', '2026-01-31T12:00:00+00:00'],
  [DIGITS, '2026-01-31T12:00:00.123456789Z', '2026-01-31T12:00:00.123456Z'],
  [DIGITS, '9999-12-31T23:59:59.9999999Z', '9999-12-31T23:59:59.999999Z'],
  ...[
    '2016-12-31T23:59:60Z',
    '2026-01-31T24:00:00Z',
    '2026-02-30T12:00:00Z',
    '2026-01-31',
    '2026-W05-6T12:00:00Z',
    '2026-031T12:00:00Z',
    '1769860800',
  ].map((sent) => [REFUSED, sent, null] as const),
  ...['0000-01-01T00:00:00Z', '10000-01-01T00:00:00Z', '2026-01-31T12:00:00+16:00', '2026-01-31T12:00:00-23:59'].map(
    (sent) => [OUTSIDE, sent, null] as const,
  ),
];

export const TIME_ROWS: readonly Row[] = [
  ...TIMES.map(([form, sent, executed]) =>
    row(
      form,
      sent,
      storing({ timestamp: sent }),
      executed === null
        ? `payload.timestamp: expected ${TIME_FORMS}, got string "${sent}"`
        : { ...stored, timestamp: executed },
    ),
  ),
  row(
    REFUSED,
    'a number',
    storing({ timestamp: 1769860800 }),
    `payload.timestamp: expected ${TIME_FORMS}, got number 1769860800`,
  ),
];

export interface SinceRow {
  readonly form: string;
  readonly given: string;
  /** Why it is refused; absent where it is taken. */
  readonly problem?: string;
}

const PASSED = '`--since 30m`, `12h`, `7d`, or a time that has passed';
const NOT_PASSED = '`--since 1`, `--since "Nov 26"`, `2w`, a time to come';

/** Starts of a time span, which the command line alone is given. */
export const SINCE_ROWS: readonly SinceRow[] = [
  ...['30m', '12h', '7d', '2026-01-31T12:00:00', '20260131T120000Z'].map((given) => ({ form: PASSED, given })),
  ...['1', 'Nov 26', '2w', '2026-W05-6', '9999-01-01T00:00:00Z'].map((given) => ({
    form: NOT_PASSED,
    given,
    problem: `expected 30m, 12h or 7d (ago), or ${TIME_FORMS} that has passed`,
  })),
];
