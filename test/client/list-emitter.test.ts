import assert from 'node:assert/strict';
import { ListEmitter } from '../../src/client/list-emitter.js';
import { persistState } from '../support/intents.js';

describe('lists that are emitted', () => {
  it('are not taken for emitted when no broker took them', async () => {
    const emitter = new ListEmitter({ brokers: ['127.0.0.1:1'] });
    try {
      await assert.rejects(emitter.emit([{ intents: [persistState()] }, { intents: [persistState()] }]), {
        name: 'EffectError',
        failureClass: 'unavailable',
      });
    } finally {
      await emitter.close();
    }
  });
});
