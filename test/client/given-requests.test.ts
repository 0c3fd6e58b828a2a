/**
 * These tests give the client what only code can give. It is refused before anything is sent, or is sent as JSON. The
 * caller's own values stay as they were.
 */
import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { type ExecuteOptions, type Intent, RequestError, StoreEffectClient } from '../../src/client/index.js';
import { persistState } from '../support/intents.js';

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';

/** Returns an intent with an own field in its aggregate. */
const intentWith = (own: unknown): Intent =>
  persistState({ aggregation_id: ID, aggregated_data: { ns: { total_stamps: 1, own } } });

describe('requests that a caller of the client gives', () => {
  const started: { args: unknown[]; memo: { request_sha256: string }; workflowId: string }[] = [];
  const temporal = {
    workflow: {
      start: (_type: string, options: (typeof started)[number]) => Promise.resolve(started.push(options)),
      getHandle: () => ({ result: () => Promise.reject(new Error('the list was started')) }),
    },
    connection: { close: () => Promise.resolve() },
  } as unknown as Client;
  // No broker listens there: what is not refused before meets an EffectError.
  const client = new StoreEffectClient(temporal, 'queue', { brokers: ['127.0.0.1:1'] }, temporal, Infinity);
  beforeEach(() => started.splice(0));
  after(() => client.close());

  const methods: [name: string, call: (intents: Intent[], options?: ExecuteOptions) => Promise<unknown>][] = [
    ['executeIntents', (intents, options) => client.executeIntents(intents, options)],
    ['start', (intents, options) => client.start(intents, options)],
    ['emitIntents', (intents, options) => client.emitIntents(intents, options)],
    [
      'startRequest',
      (intents, { requestId, correlationId, ...options } = {}) =>
        client.startRequest({ intents, request_id: requestId, correlation_id: correlationId, options }),
    ],
  ];
  const at = 'intents[1].payload.aggregated_data.ns.own';
  const wrong: [intents: unknown, options: unknown, message: string][] = [
    [[intentWith(1), intentWith(NaN)], {}, `${at}: expected a finite number, got number NaN`],
    [[intentWith(1), intentWith([5n])], {}, `${at}[0]: expected a number, or text with the digits, got bigint 5`],
    [[intentWith(1), intentWith(new Map())], {}, `${at}: expected a plain object, got Map`],
    [new Set([intentWith(1)]), {}, 'intents: expected an array, got Set'],
    [undefined, {}, 'intents: expected an array, got nothing'],
    [[], { failFastPriority: NaN }, 'options.failFastPriority: expected a finite number, got number NaN'],
    [[], { requestId: 7n }, 'request_id: expected a number, or text with the digits, got bigint 7'],
    [[], { correlationId: Symbol('c') }, 'correlation_id: expected a value JSON can represent, got symbol'],
    [[], { derivedEvents: () => 'all' }, 'options.derivedEvents: expected a value JSON can represent, got function'],
  ];
  for (const [name, call] of methods) {
    for (const [intents, options, message] of wrong) {
      it(`${name} refuses ${message}`, async () => {
        await assert.rejects(call(intents as Intent[], options as ExecuteOptions), (error) => {
          assert.ok(error instanceof RequestError);
          assert.equal(error.message, message);
          return true;
        });
        assert.equal(started.length, 0);
      });
    }
  }

  it('keep the error of a toJSON as the cause, and name the input as a whole', async () => {
    const cause = new Error('not loaded');
    const throwing = { toJSON: () => assert.fail(cause) };
    await assert.rejects(client.start([intentWith(throwing)]), { name: 'RequestError', cause });
    await assert.rejects(client.startRequest(new Map() as never), {
      message: 'input: expected a plain object, got Map',
    });
  });

  it('are started as JSON represents them, and stay as they were', async () => {
    const own = {
      at: new Date(0),
      data: Buffer.from('a'),
      gone: undefined,
      big: '9007199254740993',
      list: [undefined],
    };
    const intents = Object.freeze([Object.freeze(intentWith(Object.freeze(own)))]);
    await client.start(intents, { requestId: 'r' });
    const [{ args: [input] } = { args: [] }] = started;
    const [intent] = (input as { intents: Intent[] }).intents;
    assert.deepEqual(intent, JSON.parse(JSON.stringify(intents[0])));
    assert.deepEqual((intent as { payload: object }).payload, {
      ...persistState().payload,
      aggregation_id: ID,
      aggregated_data: {
        ns: {
          total_stamps: 1,
          own: { at: '1970-01-01T00:00:00.000Z', data: { type: 'Buffer', data: [97] }, big: own.big, list: [null] },
        },
      },
    });
    assert.ok(own.at instanceof Date && 'gone' in own);
    // The same list in JSON's own values is the same list.
    await client.start(JSON.parse(JSON.stringify(intents)) as Intent[], { requestId: 'r' });
    assert.equal(started[0]?.memo.request_sha256, started[1]?.memo.request_sha256);
  });

  it('take null for an absent option', async () => {
    const nulls = { requestId: null, correlationId: null, failFastPriority: null, derivedEvents: null };
    for (const options of [nulls, null, undefined, {}]) await client.start([intentWith(1)], options);
    const inputs = started.map(({ args: [input], workflowId }) => {
      const { request_id, ...rest } = input as { request_id: string };
      assert.equal(request_id, workflowId);
      assert.match(request_id, /^[\da-f-]{36}$/);
      return rest;
    });
    for (const input of inputs) assert.deepEqual(input, inputs[3]);
    assert.deepEqual(client.recoverFsmStates(null).requestId, null);
  });

  it('for states are refused by name too, before anything is started', async () => {
    const read = async (options: unknown) => {
      for await (const state of client.recoverFsmStates(options as object)) assert.fail(JSON.stringify(state));
    };
    for (const [options, message] of [
      [{ states: new Set(['A']) }, 'intents[0].payload.states: expected an array, got Set'],
      [{ limit: NaN }, 'intents[0].payload.limit: expected a finite number, got number NaN'],
      [{ sinceDays: 7n }, 'intents[0].payload.since_days: expected a number, or text with the digits, got bigint 7'],
    ] as const) {
      await assert.rejects(read(options), { name: 'RequestError', message });
    }
    assert.equal(started.length, 0);
    await assert.rejects(
      read({ states: null, namespaces: null, sinceDays: null, limit: null }),
      /the list was started/,
    );
    assert.equal(started.length, 1);
  });

  it('for a result are refused where the time is no number', async () => {
    for (const timeoutMs of [NaN, '5', 5n] as never[]) {
      await assert.rejects(client.awaitResult(ID, { timeoutMs }), /^TypeError: timeoutMs: expected a number of mill/);
    }
  });
});
