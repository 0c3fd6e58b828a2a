/**
 * These tests check that the compiler names the invalid field of an intent, on the field's own line, as the service
 * does. `npm run types` fails when an error that is expected on a line is not there.
 */
import assert from 'node:assert/strict';
import type { Intent, IntentOf, StoreEffectClient } from '../../src/client/index.js';
import { parseIntent } from '../../src/domain/intents/parse.js';
import { definitions } from '../support/definitions.js';

const ID = '5b0c7c1e-3f6f-4b6c-9a53-0d8f2f6f7a10';

const refusalOf = (intent: unknown): string => {
  const parsed = parseIntent(intent, definitions);
  return parsed.ok ? 'none' : parsed.error;
};

describe('a wrong intent is named by the compiler and by the service', () => {
  it('for an event type that there is not', () => {
    const intent: Intent = {
      intent_type: 'PublishEvent',
      target: 'event_bus',
      payload: {
        // @ts-expect-error -- the type of the event, and no other intent's payload
        event_type: 'NOPE',
        aggregation_id: ID,
      },
    };
    assert.match(refusalOf(intent), /^payload\.event_type: /);
  });

  it('for an argument of the client', () => {
    const execute = (client: Pick<StoreEffectClient, 'executeIntents'>) =>
      client.executeIntents([
        { intent_type: 'PersistState', target: 'store_effect', payload: { aggregation_id: ID, aggregated_data: {} } },
        {
          intent_type: 'PublishEvent',
          target: 'event_bus',
          payload: {
            // @ts-expect-error -- as above
            event_type: 'NOPE',
          },
        },
      ]);
    assert.equal(typeof execute, 'function');
  });

  it('for a value of a wrong type, however deep', () => {
    const intent: Intent = {
      intent_type: 'PersistState',
      target: 'store_effect',
      payload: {
        aggregation_id: ID,
        aggregated_data: {
          orders: {
            // @ts-expect-error -- a text for a number
            total_stamps: '5',
          },
        },
      },
    };
    assert.match(refusalOf(intent), /^payload\.aggregated_data\.orders\.total_stamps: /);
  });

  it('for an intent type that there is not', () => {
    const intent: Intent = {
      // @ts-expect-error -- one of the four is meant
      intent_type: 'PersistStates',
      target: 'store_effect',
      // An unknown type has no valid payload. With another one, the compiler would go on with the last type's.
      payload: {} as never,
    };
    assert.match(refusalOf(intent), /^intent_type: /);
  });

  it('and is a value of its own type once it is right', () => {
    const event: IntentOf<'PublishEvent'> = {
      intent_type: 'PublishEvent',
      target: 'event_bus',
      payload: { event_type: 'NODE_HEARTBEAT', load: 0.5 },
    };
    const describe_ = (intent: Intent): string => {
      switch (intent.intent_type) {
        case 'PublishEvent':
          return intent.payload.event_type;
        case 'PersistState':
        case 'PersistFSMTransition':
        case 'RecoverFSMStates':
          return intent.intent_type;
        default:
          // Every type has been named.
          return intent satisfies never;
      }
    };
    assert.equal(describe_(event), 'NODE_HEARTBEAT');
  });
});
