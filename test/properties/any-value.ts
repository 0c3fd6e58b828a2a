/**
 * This module puts any JSON value at any place of a valid list, and says what is to be kept of it. The value is text,
 * because values of this process cannot represent 1e400, and lose a `__proto__`.
 */
import fc from 'fast-check';
import type { IntentType } from '../../src/client/index.js';
import { HOSTILE_TEXTS, WORDS } from '../support/hostile-text.js';
import { hostileValue } from './hostile-lists.js';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}
type Key = string | number;

/** A case is JSON text in which a value stands at a place. */
export interface AnyValue {
  readonly text: string;
  /** The keys that lead to the place. */
  readonly place: readonly Key[];
  readonly value: string;
  /** Whether the place is a field that nobody reads: whatever JSON can represent is kept there. */
  readonly free: boolean;
}

export interface AnyIntent extends AnyValue {
  readonly type: IntentType;
  /** A UUID, which the intent has as its id and as its key unless the value stands there. */
  readonly id: string;
}

/** Times as people send them, as RFC 3339, and in UTC. */
export const TIMES: Readonly<Record<string, readonly [rfc3339: string, utc: string]>> = {
  '2026-01-01T00:00:00Z': ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000000Z'],
  '2026-01-31 12:00:00+0200': ['2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00.000000Z'],
  '20260131T120000Z': ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000000Z'],
  '2026-01-31t12:00:00.1234567z': ['2026-01-31T12:00:00.123456Z', '2026-01-31T12:00:00.123456Z'],
  '0001-01-01T00:00:00Z': ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
};

/** Controls that the console consumer is told to separate its fields with. A key of a message may not have them. */
const withoutSeparators = (text: string): string =>
  text.replace(/\p{Cc}/gu, (one) => (one >= '\u001c' && one <= '\u001f' ? '\u001b' : one));
const string = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc
      .array(fc.constantFrom(...Object.values(WORDS), ...Object.values(HOSTILE_TEXTS)), { maxLength: 9 })
      .map((words) => words.join('')),
    fc
      .tuple(fc.constantFrom('é', '😀', 'x\u0301'), fc.constantFrom(48, 99, 100, 128, 199, 255, 32_767))
      .map(([text, times]) => text.repeat(times)),
  )
  .map(withoutSeparators);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(String),
  fc.constantFrom(
    '9007199254740991',
    '9007199254740992',
    '-9007199254740992',
    '1e308',
    '-1e309',
    '1.7976931348623157e308',
  ),
  fc.constantFrom(
    '6.02e23',
    '0.1',
    '1E2',
    '0.30000000000000004',
    '123456789012345678901234567890.5',
    '4.9e-324',
    '1e-400',
  ),
);
/** Values that some field of an intent takes. */
const fitting = fc.oneof(
  fc
    .constantFrom(...Object.keys(TIMES), 'started', 'straße', 'BATCH_PROCESSED', 'none')
    .map((text) => JSON.stringify(text)),
  fc.uuid().map((id) => JSON.stringify(id.toUpperCase())),
  fc.constantFrom(
    '0',
    '5',
    '["a"]',
    '["done","DONE"]',
    'true',
    'false',
    '{"w":"done"}',
    '{"ns":{"total_stamps":1,"own":[null,{"a":[]}]}}',
  ),
);
const anyJson = fc
  .jsonValue({ maxDepth: 4, stringUnit: 'binary' })
  .map((value) => JSON.stringify(value).replaceAll(/\\u001[cdef]/g, '\\u001b'));
const value: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: hostileValue },
  { weight: 2, arbitrary: string.map((text) => JSON.stringify(text)) },
  { weight: 2, arbitrary: number },
  { weight: 2, arbitrary: fitting },
  { weight: 4, arbitrary: anyJson },
);
const key = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'x\u0000', '\ud800', '\udc00x') },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      '',
      'constructor',
      'toJSON',
      'then',
      'toString',
      'a b',
      'length',
      '0',
      '\u202ex',
      '👨‍👩‍👧‍👦',
      'k'.repeat(300),
    ),
  },
  { weight: 2, arbitrary: string },
);

const FREE = { deep: [1, 'x', { a: null, '': {} }], '😀': '' };
const TIME = '2026-01-01T00:00:00Z';
const RECORD = { from_state: 'A', to_state: 'B', trigger: 'started', timestamp: TIME, metadata: { m: 1 }, free: FREE };
const PAYLOADS: Readonly<Record<IntentType, (id: string) => JsonObject>> = {
  PersistState: (id) => ({
    aggregation_id: id,
    timestamp: TIME,
    aggregated_data: {
      ns: {
        ...{ total_stamps: 7, total_size_bytes: 5, unique_file_types_count: 1, file_types: ['text/plain'] },
        ...{ unique_workflows_count: 3, workflow_ids: ['w'], free: FREE },
      },
    },
    fsm_states: { w: 'done' },
    free: FREE,
  }),
  PersistFSMTransition: (id) => ({
    ...{ workflow_id: id, previous_state: 'A', current_state: 'B', transition_count: 1, timestamp: TIME },
    transition_record: RECORD,
    transition_history: [{ to_state: 'A' }],
    metadata: { namespace: 'ns', free: FREE },
  }),
  PublishEvent: (id) => ({
    ...{ event_type: 'NODE_HEARTBEAT', aggregation_id: id, correlation_id: 'c', causation_id: 'd' },
    ...{ source_node_id: 'n', partition_key: 'k', free: FREE },
  }),
  RecoverFSMStates: (id) => ({
    ...{ recovery_id: id, timestamp: TIME, request_all_workflows: true, since_days: 1, limit: 3, cursor: null },
    ...{ namespaces: ['n'], states: ['DONE'], with_total: false, free: FREE },
  }),
};
const TYPES = Object.keys(PAYLOADS) as IntentType[];

/** Returns a valid intent with every field. */
export const soundIntent = (type: IntentType, id: string): JsonObject => ({
  intent_type: type,
  target: type === 'PublishEvent' ? 'event_bus' : 'store_effect',
  priority: 1,
  intent_id: id,
  payload: PAYLOADS[type](id),
  free: FREE,
});

/** The name of a place where no field is yet. */
const ADDED = '<added>';
/** Objects whose keys have a meaning. */
const RECORDS: readonly Key[] = ['aggregated_data', 'fsm_states'];

function placesIn(node: Json, keys: readonly Key[] = []): (readonly Key[])[] {
  if (Array.isArray(node)) return [keys, ...node.flatMap((item: Json, index) => placesIn(item, [...keys, index]))];
  if (typeof node !== 'object' || node === null) return [keys];
  const fields = Object.entries(node).flatMap(([name, item]) => placesIn(item, [...keys, name]));
  return [keys, ...fields, [...keys, ADDED]];
}

const isFree = (place: readonly Key[]): boolean =>
  place.includes('free') ||
  place.slice(0, -1).includes('metadata') ||
  (place.at(-1) === ADDED && !RECORDS.includes(place.at(-2) ?? ''));

/** The mark of the place, until the value's text is put there. */
const MARK = '<value>';

function marked(node: Json, [first, ...rest]: readonly Key[], added: string): Json {
  if (first === undefined) return MARK;
  if (Array.isArray(node)) return node.map((item: Json, index) => (index === first ? marked(item, rest, added) : item));
  const fields = Object.entries(node as JsonObject).map(([name, item]) => [
    name,
    name === first ? marked(item, rest, added) : item,
  ]);
  // `fromEntries` makes even `__proto__` a key.
  return Object.fromEntries(first === ADDED ? [...fields, [added, MARK]] : fields) as JsonObject;
}

/** Puts any value at any of some places. */
const anyPlace = (whole: Json, places = placesIn(whole)): fc.Arbitrary<AnyValue> =>
  fc.record({ place: fc.constantFrom(...places), key, value }).map(({ place, key: added, value: drawn }) => ({
    text: JSON.stringify(marked(whole, place, added)).replace(`"${MARK}"`, () => drawn),
    place: place.map((name) => (name === ADDED ? added : name)),
    value: drawn,
    free: isFree(place),
  }));

/** A valid intent with any value at any place. */
export const anyIntent: fc.Arbitrary<AnyIntent> = fc
  .record({ type: fc.constantFrom(...TYPES), id: fc.uuid() })
  .chain(({ type, id }) => anyPlace(soundIntent(type, id)).map((made) => ({ ...made, type, id })));

/** Something around intents, with any value at any place that is not within `inner`. */
export const anyAround = (whole: JsonObject, inner: string): fc.Arbitrary<AnyValue> =>
  anyPlace(
    whole,
    placesIn(whole).filter((place) => place.length < 2 || place[0] !== inner),
  );

const asList = (node: Json): readonly Json[] => (typeof node === 'object' && node !== null ? Object.values(node) : []);

/**
 * Returns whether a value is one that JSON's readers, or the stores, would change or refuse.
 * @param level its depth.
 */
export function isFaulty(node: Json, level = 0): boolean {
  if (typeof node === 'string') return node.includes('\u0000') || /\p{Cs}/u.test(node);
  if (typeof node === 'number') {
    const size = Math.abs(node);
    return size >= Number.MAX_VALUE || (size > Number.MAX_SAFE_INTEGER && size < 1e21 && size % 1 === 0);
  }
  if (typeof node !== 'object' || node === null) return false;
  if (level >= 64) return true;
  const keys = Array.isArray(node) ? [] : Object.keys(node);
  return (
    keys.some((name) => name === '__proto__' || isFaulty(name)) ||
    asList(node).some((item) => isFaulty(item, level + 1))
  );
}
