/**
 * This module makes hostile requests: valid ones of which a few values were replaced. They are JSON text, because some
 * faults are lost in values of this process. Such faults are `1e400`, half of a surrogate pair, a `__proto__` and the
 * same key twice.
 */
import fc from 'fast-check';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../support/intents.js';

/** JSON of values that a person or a program might send where another value belongs. */
const HOSTILE: readonly string[] = [
  ...['null', 'true', '0', '-1', '1.5', '1e400', '-1e400', '9007199254740993', '1e30', '-0', '5e-324'],
  ...[
    '""',
    '" "',
    '"x"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff x"',
    '"\\u202e"',
    '"é́"',
    '"ß"',
    '"\\\\"',
    '"\\"; DROP TABLE"',
  ],
  ...[
    '[]',
    '{}',
    '[[]]',
    '[null]',
    '{"":""}',
    '{"__proto__":{"a":1}}',
    '{"constructor":{"prototype":1}}',
    '{"then":1}',
  ],
  ...[
    '{"toJSON":1}',
    '{"length":-1}',
    '{"a":1,"a":2}',
    '"2026-13-45T99:99:99Z"',
    '"-infinity"',
    '"0001-01-01T00:00:00Z"',
  ],
  ...['"9999-12-31T23:59:59.999999999+23:59"', '"00000000-0000-0000-0000-000000000000"', '"NaN"', '"[object Object]"'],
  ...[
    '"PersistState"',
    '"PublishEvent"',
    '"toString"',
    '"INTENT_RESULT"',
    '"store_effect"',
    '2147483648',
    '-9007199254740991',
  ],
];
const LONG: readonly string[] = [
  JSON.stringify('x'.repeat(60)),
  JSON.stringify('ß'.repeat(50)),
  JSON.stringify('y'.repeat(300)),
  JSON.stringify('z'.repeat(40_000)),
  `[${Array.from({ length: 3_000 }, () => '0').join()}]`,
  `{${Array.from({ length: 500 }, (_, index) => `"k${index}":"COMPLETED"`).join()}}`,
  '['.repeat(70) + ']'.repeat(70),
  '{"a":'.repeat(3_000) + '1' + '}'.repeat(3_000),
];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json } | Raw;
/** A raw value is text that goes into the JSON as it is. */
class Raw {
  constructor(readonly text: string) {}
}

/** JSON of any value, most of them hostile. */
export const hostileValue: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 2, arbitrary: fc.constantFrom(...LONG) },
  { weight: 4, arbitrary: fc.json({ maxDepth: 3 }) },
);
const raw: fc.Arbitrary<Raw> = hostileValue.map((text) => new Raw(text));

interface Change {
  /** Steps down from the root to the value to change, each modulo the number of fields there. */
  readonly steps: readonly number[];
  readonly kind: 'replace' | 'remove' | 'add';
  readonly key: string;
  readonly value: Raw;
}

const change: fc.Arbitrary<Change> = fc.record({
  steps: fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }),
  kind: fc.constantFrom<Change['kind']>('replace', 'replace', 'replace', 'remove', 'add'),
  key: fc.constantFrom(
    '__proto__',
    '',
    'priority',
    'intent_id',
    'payload',
    'options',
    'toString',
    'x\u0000',
    'a b',
    'metadata',
  ),
  value: raw,
});

function apply(root: Json, { steps, kind, key, value }: Change): Json {
  if (typeof root !== 'object' || root === null || root instanceof Raw) return kind === 'replace' ? value : root;
  const copy = Array.isArray(root) ? [...root] : { ...root };
  const places = Object.keys(copy);
  const place = places[(steps[0] ?? 0) % Math.max(1, places.length)];
  if (place === undefined) return value;
  const child = Reflect.get(copy, place) as Json;
  // The change goes a step further down, unless the steps are at their end. Half of the changes hit the envelope, half
  // the payload.
  if (steps.length > 1 && typeof child === 'object' && child !== null && !(child instanceof Raw)) {
    return set(copy, place, apply(child, { steps: steps.slice(1), kind, key, value }));
  }
  if (kind === 'remove') {
    if (Array.isArray(copy)) copy.splice(Number(place), 1);
    else Reflect.deleteProperty(copy, place);
    return copy;
  }
  if (kind === 'replace' || Array.isArray(copy)) return set(copy, place, value);
  return set(copy, key, value);
}

/** Defines the property instead of assigning it, because `__proto__` is to become a key. */
function set<T extends object>(target: T, key: string, value: Json): T {
  return Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function print(value: Json): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(print).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}:${print(item)}`)
    .join()}}`;
}

/** Valid intents with every optional field, so that a change can hit each field. */
const sound: fc.Arbitrary<Json> = fc
  .constantFrom(
    () => persistState({ fsm_states: { a: 'COMPLETED' } }, { priority: 1, intent_id: null }),
    () =>
      persistFsmTransition(
        { transition_history: [{ from_state: 'A', to_state: 'B' }], timestamp: '2026-01-01T00:00:00Z' },
        { priority: 1 },
      ),
    () =>
      publishEvent(
        { correlation_id: 'c', causation_id: 'd', source_node_id: 'n', partition_key: 'k', extra: { deep: [1, 'x'] } },
        { priority: 0 },
      ),
    () => recoverFsmStates({ since_days: 1, limit: 3, namespaces: ['n'], states: ['COMPLETED'] }, { priority: 1 }),
  )
  .map((make) => JSON.parse(JSON.stringify(make())) as Json);

/** JSON of a request of 1 to 6 intents with up to four changes, most of them inside intents. */
export const hostileRequest: fc.Arbitrary<string> = fc
  .record({
    intents: fc.array(fc.record({ intent: sound, changes: fc.array(change, { maxLength: 3 }) }), {
      minLength: 1,
      maxLength: 6,
    }),
    options: fc.boolean(),
    outside: fc.oneof(
      { weight: 4, arbitrary: fc.constant<Change[]>([]) },
      { weight: 1, arbitrary: fc.array(change, { minLength: 1, maxLength: 2 }) },
    ),
  })
  .map(({ intents, options, outside }) => {
    const request: Json = {
      ...(options ? { options: { failFastPriority: 2, derivedEvents: 'all' }, correlation_id: 'hostile' } : {}),
      intents: intents.map(({ intent, changes }) => changes.reduce(apply, intent)),
    };
    return print(outside.reduce(apply, request));
  });

/** A line of a file: a hostile request, its bare list, or a request that breaks off. */
export const hostileLine: fc.Arbitrary<string> = fc
  .record({ text: hostileRequest, form: fc.constantFrom('request', 'request', 'request', 'list', 'cut'), at: fc.nat() })
  .map(({ text, form, at }) => {
    if (form === 'cut') return text.slice(0, 1 + (at % text.length));
    const list = form === 'list' ? /^\{"intents":(.*)\}$/s.exec(text)?.[1] : undefined;
    return list ?? text;
  });
