/**
 * These tests pin the ids and hashes of a list as they were before null was absent everywhere. A list sent again has to
 * be the same list, whatever the version of the service or the client.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { makePlan } from '../../../src/domain/execution/plan.js';
import { parseRequest } from '../../../src/domain/execution/request.js';
import { emittedId, listHash, payloadHash } from '../../../src/domain/values/ids.js';
import { definitions } from '../../support/definitions.js';

const workflow_id = '0f8fad5b-d9cb-469f-a165-70867728950e';

/** Nulls of this list have been accepted from the beginning. */
const intents = [
  {
    intent_type: 'PersistState',
    target: 'store_effect',
    priority: null,
    payload: { aggregation_id: workflow_id, aggregated_data: { ns: { total_stamps: 1, own: null } }, timestamp: null },
  },
  {
    intent_type: 'PersistFSMTransition',
    target: 'store_effect',
    payload: { workflow_id, current_state: 'A', transition_count: null, transition_record: { trigger: null } },
  },
  {
    intent_type: 'PublishEvent',
    target: 'event_bus',
    intent_id: null,
    payload: { event_type: 'NODE_HEARTBEAT', aggregation_id: null, load: 0.5 },
  },
  { intent_type: 'RecoverFSMStates', target: 'store_effect', payload: { recovery_id: 'r', cursor: null } },
];

describe('ids of a list', () => {
  const read = (options: unknown) => parseRequest({ request_id: 'golden', intents, options });

  it('are what they were', () => {
    const request = read({ failFastPriority: 3 });
    assert.deepEqual(
      makePlan(request, 'w', definitions).intents.map(({ id }) => id),
      [
        '03e7a1d4-8941-5d34-9142-5a35ca049df6',
        'e9334ef1-ab1e-52d6-be55-445ff02836fe',
        'ee95cc1d-2dcf-5fe0-ae14-04f19a659060',
        '290a1d41-38fe-5391-8e63-7a0e4d937d10',
      ],
    );
    const { request_id, options } = request;
    assert.equal(emittedId({ intents, request_id, options }), '182226e8-d8d0-50c8-8171-afcccb1da38d');
    assert.equal(listHash(intents), '554cddf6a1424bc5d00e9abb811542f5cb01568d6fa67ea8013fd71495d7e802');
  });

  it('do not depend on how absent options are written', () => {
    const forms = [{ failFastPriority: 3 }, { failFastPriority: 3, derivedEvents: null }];
    for (const options of forms) assert.deepEqual(read(options), read(forms[0]));
    for (const options of [null, {}, { failFastPriority: null }]) assert.deepEqual(read(options), read(undefined));
    assert.deepEqual(read(null).options, { failFastPriority: 2, derivedEvents: 'unless_published' });
  });

  it('are the same for odd names, texts and numbers, by one version of the library that sorts the keys', () => {
    const odd = {
      z: [null, true, -0.5, 1e21, 6.02e23, ''],
      ä: { b: '\u2028"\\/\u0007', a: '😀é' },
      10: 1,
      9: { nested: [{ y: 1, x: [[]] }, {}] },
    };
    assert.equal(payloadHash('PersistState', odd), 'a96bc2fa1592a0c3a6f2fbcf675765c3ddd824bca2dd0d82b8819498e014a84e');
    assert.equal(
      listHash([odd, { intent_type: 'X' }]),
      '3bca8a4b819a1c6e33c452638f553eba0aa9935f7325f1e1e7798e6d2a568811',
    );
    assert.equal(emittedId({ b: odd, a: 1 }), 'fb9e8ecd-0c10-5106-b774-fa8645dbbd25');
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    assert.match(dependencies['safe-stable-stringify'] ?? '', /^\d/);
  });
});
