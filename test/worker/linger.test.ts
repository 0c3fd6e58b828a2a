/** Settings of production let produce requests linger; the group commits of PostgreSQL must not. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config.js';
import { createLogger } from '../../src/log.js';
import { openAdapters } from '../../src/worker/compose.js';
import { createMetrics } from '../../src/worker/metrics.js';
import { command, useDatabase } from '../postgres/support.js';

/** Milliseconds; the longest that the setting takes. */
const LINGER_MS = 1_000;

describe('a linger', () => {
  const database = useDatabase();

  it('holds no statement of PostgreSQL back', async () => {
    const config = loadConfig({ ...process.env, ENVIRONMENT: 'production', BATCH_LINGER_MS: String(LINGER_MS) });
    const endpoints = {
      temporal: { address: '127.0.0.1:1', namespace: 'default', ui: null },
      postgres: { url: database.url },
      kafka: { brokers: ['127.0.0.1:1'] },
    };
    const adapters = openAdapters(config, endpoints, createLogger('silent'), createMetrics());
    const { ledger, deadLetters, bridgeStates } = adapters.ports;
    const state = command({
      aggregation_id: randomUUID(),
      aggregated_data: { ns: { total_stamps: 1 } },
      fsm_states: {},
    });
    try {
      for (const ask of [
        () => ledger.find([randomUUID()]),
        () => deadLetters.store.blocked([{ topic: 't', key: 'k', value: '', headers: {} }]),
        () => bridgeStates.persist([state as never], 'patient'),
      ]) {
        // The first call opens a connection.
        await ask();
        const late = sleep(LINGER_MS - 50, 'late');
        assert.notEqual(await Promise.race([ask().then(() => 'answered'), late]), 'late');
      }
    } finally {
      await adapters.close();
    }
  });
});
