/**
 * These tests send null for every optional field of every schema of input, at every depth. The fields are read from the
 * schemas, so a new field fails here until null is absent for it, too.
 */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { redriveInput } from '../../../activities/maintenance/redrive-dead-letters.js';
import { request } from '../../../src/domain/execution/request.js';
import { sliceInput } from '../../../src/domain/intake/open-slice.js';
import { jsonObject } from '../../../src/domain/intents/fields.js';
import { intentFields } from '../../../src/domain/intents/parse.js';
import { pathOf } from '../../../src/domain/values/json.js';
import { intentEmitted } from '../../../src/intake/envelope-reader.js';
import { toWaves } from '../../../src/postgres/states/bridge-state-rows.js';
import type { PersistStatePayload } from '../../../src/domain/intents/persist-state/schema.js';
import { definitions } from '../../support/definitions.js';

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const TIME = '2026-01-01T00:00:00Z';
const RECORD = { from_state: 'A', to_state: 'B', trigger: 't', timestamp: TIME, metadata: { a: 1 } };

/** A sample of each schema with all of its fields. */
const SAMPLES: [name: string, schema: z.ZodType, sample: unknown][] = [
  [
    'a request',
    request,
    {
      intents: [],
      request_id: 'r',
      correlation_id: 'c',
      options: { failFastPriority: 1, derivedEvents: 'none' },
    },
  ],
  [
    'an INTENT_EMITTED',
    intentEmitted,
    {
      envelope_version: '1.0',
      event_id: ID,
      event_type: 'INTENT_EMITTED',
      correlation_id: 'c',
      payload: { intents: [], request_id: 'r', options: {} },
    },
  ],
  ['an intent', intentFields, { intent_type: 'T', target: 't', payload: {}, priority: 1, intent_id: ID }],
  [
    'a slice',
    sliceInput,
    {
      lists: [
        {
          event_id: ID,
          written_event_id: ID,
          correlation_id: 'c',
          emitted_at: TIME,
          offset: '1',
          request_id: 'r',
          options: {},
          intents: [],
        },
      ],
      parked: true,
    },
  ],
  ['a redrive', redriveInput, { topic: 't', since: TIME, ids: [1], automatic: true, after: 0, limit: 1 }],
  ...Object.entries({
    PersistState: {
      aggregation_id: ID,
      aggregated_data: {
        ns: {
          total_stamps: 1,
          total_size_bytes: 2,
          unique_file_types_count: 3,
          file_types: ['a'],
          unique_workflows_count: 4,
          workflow_ids: ['w'],
        },
      },
      fsm_states: { w: 'A' },
      timestamp: TIME,
    },
    PersistFSMTransition: {
      workflow_id: ID,
      current_state: 'B',
      previous_state: 'A',
      transition_count: 1,
      transition_record: RECORD,
      transition_history: [RECORD],
      metadata: {},
      timestamp: TIME,
    },
    PublishEvent: {
      event_type: 'NODE_HEARTBEAT',
      aggregation_id: 'a',
      correlation_id: 'c',
      causation_id: 'd',
      source_node_id: 'n',
      partition_key: 'k',
    },
    RecoverFSMStates: {
      recovery_id: 'r',
      timestamp: TIME,
      request_all_workflows: false,
      since_days: 1,
      limit: 1,
      cursor: 'c',
      namespaces: ['n'],
      states: ['A'],
      with_total: true,
    },
  }).map(([type, sample]): [string, z.ZodType, unknown] => {
    const definition = definitions.get(type);
    assert.ok(definition !== undefined);
    return [`a payload of ${type}`, definition.schema, sample];
  }),
];

interface Field {
  readonly path: readonly PropertyKey[];
  readonly schema: z.ZodType;
}

/** Returns the fields of a schema, and those inside of them, by their paths in a sample. */
function fieldsOf(schema: z.ZodType, sample: unknown, path: readonly PropertyKey[] = []): Field[] {
  const { def } = schema as unknown as { readonly def: Readonly<Record<string, unknown>> };
  const inner = def['innerType'] ?? def['in'];
  if (inner !== undefined) return fieldsOf(inner as z.ZodType, sample, path);
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) => {
      const value = (sample as Record<string, unknown>)[name];
      assert.notEqual(value, undefined, `the sample has no ${pathOf([...path, name])}`);
      return [{ path: [...path, name], schema: field }, ...fieldsOf(field, value, [...path, name])];
    });
  }
  const element = (def['element'] ?? def['valueType']) as z.ZodType | undefined;
  if (element === undefined) return [];
  const [[key, value] = []] = Object.entries(sample as object);
  return key === undefined ? [] : fieldsOf(element, value, [...path, Array.isArray(sample) ? Number(key) : key]);
}

/** Returns a sample with another value at a path; undefined stands for none. */
function changed(sample: unknown, path: readonly PropertyKey[], value: unknown): unknown {
  const copy: unknown = structuredClone(sample);
  const holder = path.slice(0, -1).reduce<unknown>((at, key) => Reflect.get(at as object, key), copy) as object;
  const key = path.at(-1) ?? '';
  if (value === undefined) Reflect.deleteProperty(holder, key);
  else Reflect.set(holder, key, value);
  return copy;
}

/** Returns a value without its nulls; the samples have none. */
const withoutNulls = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, item: unknown) => item ?? undefined));

describe('null for an optional field is the same as its absence', () => {
  for (const [name, schema, sample] of SAMPLES) {
    const optional = fieldsOf(schema, sample).filter((field) => field.schema.safeParse(undefined).success);
    for (const { path } of optional) {
      it(`in ${name}: ${pathOf(path)}`, () => {
        const [given, absent] = [null, undefined].map((value) => schema.safeParse(changed(sample, path, value)));
        assert.ok(given?.success, JSON.stringify(given?.error?.issues));
        assert.deepEqual(withoutNulls(given.data), withoutNulls(absent?.data));
      });
    }
  }

  it('for every type of intent, and some field of each schema that is input', () => {
    for (const type of definitions.keys())
      assert.ok(
        SAMPLES.some(([name]) => name === `a payload of ${type}`),
        type,
      );
    for (const [name, schema, sample] of SAMPLES) {
      assert.ok(schema.safeParse(sample).success, name);
      assert.ok(
        fieldsOf(schema, sample).some((field) => field.schema.safeParse(undefined).success),
        name,
      );
    }
  });

  it('and no null becomes metadata of a row, unless the field is the sender’s own', () => {
    const data = { total_size_bytes: null, unique_file_types_count: null, file_types: null, workflow_ids: null };
    const schema = definitions.get('PersistState')?.schema;
    const rowsOf = (fields: object) =>
      JSON.stringify(
        toWaves([schema?.parse({ aggregation_id: ID, aggregated_data: { ns: fields } }) as PersistStatePayload]),
        (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
      );
    assert.equal(
      rowsOf({ ...data, total_stamps: null, unique_workflows_count: null, own: null }),
      rowsOf({ own: null }),
    );
    assert.match(rowsOf({ own: null }), /"metadata":\{"own":null\}/);
    assert.deepEqual(jsonObject.parse({ a: null }), { a: null });
  });
});
