/** These tests ask a server that refuses, answers or stands still. They have a clock of their own. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { mock } from 'node:test';
import type { Connection } from '@temporalio/client';
import type { TemporalEndpoint } from '../../src/endpoints.js';
import { watchLogin } from '../../src/temporal/login-watch.js';

const ENDPOINT: TemporalEndpoint = { address: 'temporal:7233', namespace: 'default', ui: null };
const REFUSED = Object.assign(new Error('16 UNAUTHENTICATED'), { code: 16, details: 'no', metadata: {} });

describe('a watch over the login to Temporal', () => {
  const asked: (() => Promise<unknown>)[] = [];
  let questions = 0;
  const workflowService = {
    describeNamespace: () => {
      questions += 1;
      return asked.shift()?.() ?? Promise.resolve({});
    },
  };
  const connection = { workflowService } as unknown as Pick<Connection, 'workflowService'>;
  const refusals: string[] = [];
  const isRefused = (_store: string, error: unknown): boolean => {
    if (!(error instanceof Error) || !error.message.includes('wants an API key')) return false;
    return refusals.push(error.message) > 0;
  };

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
    asked.splice(0);
    refusals.splice(0);
    questions = 0;
  });
  afterEach(() => mock.timers.reset());

  const after = async (ms: number): Promise<void> => {
    mock.timers.tick(ms);
    for (let turns = 0; turns < 20; turns += 1) await turn();
  };

  it('knows a refusal until the server takes the login again, and asks no more once it is stopped', async () => {
    const watch = watchLogin(connection, ENDPOINT, isRefused);
    const known = () => watch.refusal?.message;
    assert.equal(known(), undefined);
    asked.push(() => Promise.reject(REFUSED));
    await after(5_000);
    const sentence = 'Temporal: temporal:7233 wants an API key (TEMPORAL_API_KEY_FILE)';
    assert.deepEqual([known(), refusals], [sentence, [sentence]]);
    await after(5_000);
    assert.equal(known(), undefined);
    await watch.stop();
    await after(20_000);
    assert.equal(questions, 2);
  });

  it('asks again after a question that nobody answers', async () => {
    const watch = watchLogin(connection, ENDPOINT, isRefused);
    asked.push(() => new Promise(() => undefined));
    await after(5_000);
    await after(5_000);
    await after(5_000);
    assert.ok(questions >= 2, `${questions} questions`);
    await watch.stop();
  });
});
