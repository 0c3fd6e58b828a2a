/**
 * These tests put any JSON value anywhere in valid lists on the real servers, past every client of ours. An intent that
 * succeeds has the value in its row or its event, as `psql` and the console consumer read them. Every other one has a
 * result that names the field.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Result } from '../../src/client/index.js';
import { PUBLISHABLE_EVENT_TYPES } from '../../src/domain/events/event-types.js';
import { createLogger } from '../../src/log.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { type ReadEvent, readEventsByConsole, withoutRepeats } from '../support/events.js';
import { readByPsql } from '../support/psql.js';
import {
  anyAround,
  type AnyIntent,
  anyIntent,
  isFaulty,
  type Json,
  type JsonObject,
  soundIntent,
} from './any-value.js';
import { bridgeRows, KEPT, readJson, transitionRow } from './kept-values.js';
import { endsOf, type Sent, WAYS } from './sent-lists.js';

/** Cases: intents of 12 lists, and 36 lists with the value around their intents. */
const INTENTS = 264;
const LISTS = 12;
const AROUND = 36;
const NAMED = /^(?:[^\s:]|\[".*"\]).*: (?:expected .+, got .+|the list (?:is|has|holds) .+)$/su;

interface Drawn extends Sent {
  /** The drawn intents; none where the value is around them. */
  readonly cases: readonly AnyIntent[];
}

function draw(seed: number): Drawn[] {
  // Intents that share the nil UUID would add to one row.
  const intents = fc.sample(
    anyIntent.filter(({ value }) => !value.includes('00000000-')),
    { seed, numRuns: INTENTS },
  );
  const packed = Array.from({ length: LISTS }, (_, list): Drawn => {
    const cases = intents.filter((__, index) => index % LISTS === list);
    const options = '{"failFastPriority":9007199254740991}';
    const text = `{"intents":[${cases.map((one) => one.text).join()}],"options":${options}}`;
    return { way: WAYS[list % 2]!, id: randomUUID(), text, cases };
  });
  const list = fc.uuid().chain((id) => {
    const whole = { request_id: id, options: { failFastPriority: 9, derivedEvents: 'all' } };
    return anyAround({ ...whole, intents: [soundIntent('PersistState', id)] }, 'intents');
  });
  const around = fc
    .sample(list, { seed, numRuns: AROUND })
    .map(({ text }, index): Drawn => ({ way: WAYS[index % 2]!, id: randomUUID(), text, cases: [] }));
  return [...packed, ...around];
}

describe('any JSON value on the servers (property)', function () {
  this.timeout(120_000);
  const seed = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  let environment: Environment;
  let worker: RunningWorker;
  before(async () => {
    environment = await createEnvironment({ worker: false });
    const { config, workerEndpoints: endpoints } = environment;
    const logger = createLogger(config.LOG_LEVEL);
    worker = await startWorker({ config, logger, endpoints, intake: true });
  });
  after(async () => {
    await worker.shutdown();
    await environment.close();
  });

  it('is stored and published, or refused by name', async () => {
    const sent = draw(seed);
    const ends = await endsOf(environment, sent);
    const stored = await readStored(environment);
    const counts = { kept: 0, refused: 0, lists: 0 };
    const failures: string[] = [];
    for (const [index, list] of sent.entries()) {
      const end = ends[index]!;
      const check = (work: () => void, text: string): void => {
        try {
          work();
        } catch (error) {
          failures.push(
            `${list.way}: ${String(error)}: ${text.slice(0, 1_000)} ${JSON.stringify(end).slice(0, 1_000)}`,
          );
        }
      };
      if ('refused' in end) {
        counts.lists += 1;
        check(() => {
          assert.match(end.refused, NAMED);
          assert.equal(list.cases.length, 0, 'an intent fails its list');
        }, list.text);
        continue;
      }
      const { intents } = JSON.parse(list.text) as { readonly intents: readonly Json[] };
      assert.equal(end.results.length, intents.length, 'an intent has no result');
      end.results.forEach((result, position) => {
        counts[result.success ? 'kept' : 'refused'] += 1;
        const given = list.cases[position];
        check(() => {
          checkResult(result, given, list.way);
          if (result.success) checkStored(stored, result, readJson(JSON.stringify(intents[position])) as JsonObject);
        }, given?.text ?? list.text);
      });
    }
    assert.deepEqual(failures, [], `PROPERTY_SEED=${seed}`);
    assert.ok(counts.kept > 60 && counts.refused > 60 && counts.lists > 8, JSON.stringify(counts));
  });
});

function checkResult({ status, error }: Result, given: AnyIntent | undefined, way: Sent['way']): void {
  assert.ok(status === 'succeeded' || status === 'failed', status);
  if (status === 'failed') {
    assert.match(error ?? '', NAMED);
    assert.ok(error?.isWellFormed());
  }
  if (given === undefined) return;
  const isLong = way === 'emitted' && /\d{21}/.test(given.value);
  if (isFaulty(JSON.parse(given.text) as Json)) assert.equal(status, 'failed');
  else if (given.free && !isLong) assert.equal(status, 'succeeded', error ?? '');
}

interface Stored {
  /** Rows of `bridge_states` by id and namespace. */
  readonly bridges: ReadonlyMap<string, JsonObject>;
  /** Rows of `fsm_transitions` by intent id. */
  readonly transitions: ReadonlyMap<string, JsonObject>;
  /** Events by intent id. */
  readonly events: ReadonlyMap<unknown, readonly ReadEvent[]>;
}

async function readStored(environment: Environment): Promise<Stored> {
  const utc = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  const read = async (key: string, row: string, table: string): Promise<Map<string, JsonObject>> => {
    const query = `SELECT json_build_object('key', ${key}, 'row', json_build_object(${row})) FROM ${table}`;
    const rows = await readByPsql<{ key: string; row: JsonObject }>(environment.endpoints.postgres.url, query);
    return new Map(rows.map((one) => [one.key, one.row]));
  };
  const [bridges, transitions, read_] = await Promise.all([
    read(
      `bridge_id::text || ' ' || namespace`,
      `'items', total_items_aggregated::text, 'workflows', total_workflows_processed::text,
       'metadata', aggregation_metadata, 'state', current_fsm_state, 'at', ${utc('last_aggregation_timestamp')}`,
      'bridge_states',
    ),
    read(
      'intent_id',
      `'from', from_state, 'to', to_state, 'event', transition_event, 'count', transition_count::text,
       'at', ${utc('transition_at')}, 'data', transition_data`,
      'fsm_transitions',
    ),
    readEventsByConsole(environment, PUBLISHABLE_EVENT_TYPES),
  ]);
  const events = new Map<unknown, ReadEvent[]>();
  for (const event of withoutRepeats(read_)) {
    const { intent_id } = event.envelope.metadata;
    events.set(intent_id, [...(events.get(intent_id) ?? []), event]);
  }
  return { bridges, transitions, events };
}

function checkStored({ bridges, transitions, events }: Stored, result: Result, intent: JsonObject): void {
  const { intent_id, intent_type } = result;
  const kept = KEPT[intent_type](intent['payload'] as JsonObject);
  const own = events.get(intent_id) ?? [];
  switch (intent_type) {
    case 'PersistState':
      for (const [namespace, row] of Object.entries(bridgeRows(kept))) {
        assert.deepEqual(bridges.get(`${kept['aggregation_id'] as string} ${namespace}`), row);
      }
      break;
    case 'PersistFSMTransition': {
      const row = transitionRow(kept);
      assert.deepEqual(transitions.get(intent_id), row);
      const told = own.map(({ envelope: { payload } }) => [payload['from_state'], payload['to_state']]);
      assert.deepEqual(told, [[row['from'], row['to']]]);
      break;
    }
    case 'PublishEvent': {
      assert.equal(own.length, 1, 'the event is not there once');
      const [{ envelope, key }] = own as [ReadEvent];
      assert.deepEqual(envelope.payload, kept);
      const { correlation_id, aggregation_id, causation_id, source_node_id, partition_key = null } = kept;
      if (correlation_id ?? aggregation_id) assert.equal(envelope.correlation_id, correlation_id ?? aggregation_id);
      assert.equal(envelope.causation_id, causation_id ?? intent_id);
      assert.equal(envelope.source_node_id, source_node_id ?? envelope.source_node_id);
      assert.equal(envelope.partition_key, partition_key);
      assert.equal(key, partition_key ?? envelope.correlation_id);
      break;
    }
    case 'RecoverFSMStates':
      break;
  }
}
