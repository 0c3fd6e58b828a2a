/**
 * These tests put any JSON value at any place of a valid list. The list is refused by name, or each intent is refused
 * by name or keeps the value. The list is read as the client, the workflow and the intake read it.
 */
import assert from 'node:assert/strict';
import type { Info } from '@temporalio/activity';
import fc from 'fast-check';
import { commandsOf, parseItem } from '../../activities/execution/commands.js';
import { readRequest } from '../../src/client/given-request.js';
import type { RequestInput } from '../../src/client/index.js';
import { makePlan, type Plan } from '../../src/domain/execution/plan.js';
import { parseRequest, type Request, RequestError } from '../../src/domain/execution/request.js';
import { optionsOf } from '../../src/domain/intake/slice-plan.js';
import { LimitError } from '../../src/domain/values/limits.js';
import { serializable } from '../../src/domain/values/serializable.js';
import { readEnvelope } from '../../src/intake/envelope-reader.js';
import { definitions } from '../support/definitions.js';
import {
  type AnyIntent,
  anyIntent,
  anyAround,
  isFaulty,
  type Json,
  type JsonObject,
  soundIntent,
} from './any-value.js';
import { KEPT, readJson } from './kept-values.js';

/** Cases of the first property; `npm run test:fast` draws fewer. */
const CASES = Number(process.env['PROPERTY_CASES'] ?? 5_000);
/** Cases of the others are many, because one in 200 has a name that no store takes. */
const CASES_AROUND = Math.max(CASES / 2, 1_000);

const EVENT_ID = '5b0c7c1e-3f6f-4b6c-9a53-0d8f2f6f7a10';
const IDS = ['7c9e6679-7425-40de-944b-e07fc1f90ae7', '0f8fad5b-d9cb-469f-a165-70867728950e'] as const;
const LIST = {
  ...{ request_id: 'r', correlation_id: 'c', options: { failFastPriority: 9, derivedEvents: 'all' } },
  intents: [soundIntent('PersistState', IDS[0]), soundIntent('PublishEvent', IDS[1])],
};
const ENVELOPE = {
  ...{ envelope_version: '1.0', event_id: EVENT_ID, event_type: 'INTENT_EMITTED', correlation_id: 'c' },
  ...{ metadata: { free: [] }, payload: { intents: LIST.intents } },
};
const INFO = { activityId: 'a' } as Info;

/** The readers of a list that is JSON text, each of which throws or returns what is planned. */
const READERS: Readonly<Record<string, (text: string) => Request>> = {
  client: (text) => readRequest(JSON.parse(text) as RequestInput),
  workflow: (text) => parseRequest(serializable(JSON.parse(text))),
  intake: (text) => {
    const event = `"envelope_version":"1.0","event_id":"${EVENT_ID}","event_type":"INTENT_EMITTED"`;
    const read = readEnvelope(Buffer.from(`{${event},"correlation_id":"c","payload":${text}}`));
    if (!read.ok) throw new RequestError(read.reason);
    const { intents, request_id, correlation_id } = read.list;
    return { intents: [...intents], request_id, correlation_id, options: optionsOf(read.list) };
  },
};

type End = { readonly refused: string } | { readonly request: Request; readonly plan: Plan };

/** Plans a list, and checks that each of its refusals is named in text that every store takes. */
function endOf(read: () => Request): End {
  try {
    const request = read();
    // The plan travels as JSON, too.
    const plan = JSON.parse(JSON.stringify(makePlan(request, 'w', definitions))) as Plan;
    assert.equal(plan.intents.length, request.intents.length);
    for (const { rejected, type } of plan.intents) {
      assert.ok(type.isWellFormed());
      if (rejected !== undefined) assertNamed(rejected);
    }
    return { request, plan };
  } catch (error) {
    assert.ok(error instanceof RequestError || error instanceof LimitError, String(error));
    assertNamed(error.message);
    return { refused: error.message };
  }
}

function assertNamed(refusal: string): void {
  assert.match(refusal, /^(?:[^\s:]|\[".*"\]).*: (?:expected .+, got .+|the list (?:is|has|holds) .+)$/su);
  assert.ok(refusal.isWellFormed() && !refusal.includes('\u0000'), refusal);
}

/** Returns the payload of the command that an activity makes of an intent of a list. */
function commandOf({ request, plan }: Extract<End, { plan: Plan }>, index: number): unknown {
  const planned = plan.intents[index]!;
  // The intent travels as JSON.
  const intent = readJson(JSON.stringify(request.intents[index]));
  const parsed = parseItem(definitions.get(planned.type)!, { intent_id: planned.id, intent });
  const [command] = commandsOf([parsed], 'c', INFO);
  assert.ok(command, 'the activity refuses what the plan took');
  return readJson(JSON.stringify(command.payload));
}

/** Returns how a message names a place: the part of the path whose names stand there as they are. */
function pathOf(place: AnyIntent['place']): string {
  const plain = place.findIndex((name) => typeof name === 'string' && !/^[a-z_]{1,79}$/.test(name));
  const names = plain < 0 ? place : place.slice(0, plain);
  return names
    .map((name) => (typeof name === 'number' ? `[${name}]` : `.${name}`))
    .join('')
    .slice(1);
}

describe('any JSON value (property)', () => {
  it('is kept, or refused by name, anywhere in an intent', () => {
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(anyIntent, fc.constantFrom(...Object.keys(READERS)), (drawn, reader) => {
        const sound = soundIntent('PersistState', IDS[0]);
        const list = `{"intents":[${JSON.stringify(sound)},${drawn.text}],"options":{"failFastPriority":9007199254740991}}`;
        const end = endOf(() => READERS[reader]!(list));
        if ('refused' in end) {
          // The client refuses what JSON cannot represent before it sends the list.
          assert.match(`${reader} ${end.refused}`, /^client intents\[1\].*: expected a finite number, got /su);
          assert.ok(isFaulty(JSON.parse(drawn.text) as Json));
          return;
        }
        const [neighbour, planned] = end.plan.intents;
        assert.equal(neighbour!.rejected, undefined, 'a neighbour is refused');
        assert.deepEqual(commandOf(end, 0), KEPT.PersistState(sound['payload'] as JsonObject));
        const { rejected } = planned!;
        checkIntent(drawn, rejected, reader);
        if (rejected === undefined) {
          const { payload, priority } = readJson(drawn.text) as { payload: JsonObject; priority?: number };
          const type = planned!.type as AnyIntent['type'];
          assert.deepEqual(commandOf(end, 1), KEPT[type](payload));
          assert.equal(planned!.priority, priority ?? definitions.get(type)!.defaultPriority);
        }
        const kind = `${drawn.free ? 'free' : 'read'} ${rejected === undefined ? 'kept' : 'refused'}`;
        ends.set(kind, (ends.get(kind) ?? 0) + 1);
      }),
      { numRuns: CASES },
    );
    // The ten cases of other versions of Node may be of one kind.
    for (const kind of CASES < 100 ? [] : ['free kept', 'free refused', 'read kept', 'read refused']) {
      assert.ok((ends.get(kind) ?? 0) > CASES / 50, JSON.stringify([...ends]));
    }
  }).timeout(120_000);

  function checkIntent(
    { text, place, value, free, type }: AnyIntent,
    rejected: string | undefined,
    reader: string,
  ): void {
    const intent = JSON.parse(text) as Json;
    // Readers of text refuse whole numbers of so many digits. To the client they are floats, as JSON.parse reads them.
    const isLong = reader === 'intake' && /\d{21}/.test(value);
    if (isFaulty(intent)) assert.ok(rejected !== undefined, 'a value that the stores would change is taken');
    else if (free && !isLong) assert.equal(rejected, undefined);
    if (rejected === undefined) return;
    // Half of a pair that no one has sent is the mark of a text that was cut inside a character.
    if (!/\\u[dD]/.test(text)) assert.doesNotMatch(rejected, /\\u[dD]/);
    // Another type asks for another target and another payload.
    const [named = ''] = rejected.split(/…|: expected/);
    const path = pathOf(place);
    const isNamed = named.startsWith(path) || path.startsWith(named) || (place.length === 0 && named === 'intent');
    assert.ok(isNamed || (path === 'intent_type' && !rejected.includes(type)), `${path} is called ${rejected}`);
  }

  it('is kept, or refused by name, anywhere around the intents', () => {
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(anyAround(LIST, 'intents'), fc.constantFrom(...Object.keys(READERS)), ({ text }, reader) => {
        const end = endOf(() => READERS[reader]!(text));
        ends.set(`${reader} ${Object.keys(end)[0]}`, (ends.get(`${reader} ${Object.keys(end)[0]}`) ?? 0) + 1);
        if ('refused' in end) return;
        const given = JSON.parse(text) as Readonly<Record<string, Json>>;
        const { request_id, correlation_id, options } = end.plan;
        const name = given['request_id'] ?? (reader === 'intake' ? EVENT_ID : 'w');
        if (reader !== 'intake') assert.equal(request_id, name);
        assert.equal(correlation_id, reader === 'intake' ? 'c' : (given['correlation_id'] ?? name));
        const { failFastPriority, derivedEvents } = { ...(given['options'] as JsonObject | null) };
        assert.deepEqual(options, {
          failFastPriority: Number(failFastPriority ?? 2) + 0,
          derivedEvents: derivedEvents ?? 'unless_published',
        });
        assert.deepEqual(end.request.intents.length, (given['intents'] as readonly Json[]).length);
        const known = ['intents', 'request_id', 'correlation_id', 'options'];
        if (reader !== 'intake')
          assert.deepEqual(
            Object.keys(given).filter((key) => !known.includes(key)),
            [],
          );
      }),
      { numRuns: CASES_AROUND },
    );
    assert.equal(ends.size, 6, JSON.stringify([...ends]));
  });

  it('is kept, refused by name, or not read, anywhere in an envelope', () => {
    const ends = { refused: 0, taken: 0 };
    fc.assert(
      fc.property(anyAround(ENVELOPE, 'payload'), ({ text }) => {
        const read = readEnvelope(Buffer.from(text));
        ends[read.ok ? 'taken' : 'refused'] += 1;
        if (!read.ok) {
          assertNamed(read.reason);
          return;
        }
        const given = JSON.parse(text) as Readonly<Record<string, Json>>;
        const { event_id, written_event_id = event_id, correlation_id, intents } = read.list;
        assert.equal(written_event_id, given['event_id']);
        assert.equal(event_id, (given['event_id'] as string).toLowerCase());
        assert.equal(correlation_id, given['correlation_id'] ?? null);
        assert.deepEqual(intents, ENVELOPE.payload.intents);
      }),
      { numRuns: CASES_AROUND },
    );
    assert.ok(ends.refused > CASES_AROUND / 5 && ends.taken > CASES_AROUND / 5, JSON.stringify(ends));
  });
});
