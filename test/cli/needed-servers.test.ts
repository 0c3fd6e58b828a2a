/** These tests run commands where only the servers are named that they talk to. Others may be out of their reach. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bridgeHere } from '../support/bridge-here.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState } from '../support/intents.js';
import { readRecords } from '../support/records.js';

describe('a command', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ worker: false });
  });
  after(() => environment.close());

  /** Returns the variables with those of the named servers only, and no local stack. */
  function naming(...names: readonly string[]): NodeJS.ProcessEnv {
    const { TEMPORAL_ADDRESS, DATABASE_URL, KAFKA_BOOTSTRAP_SERVERS, ...others } = environment.env;
    const servers = { TEMPORAL_ADDRESS, DATABASE_URL, KAFKA_BOOTSTRAP_SERVERS };
    const named = Object.entries(servers).filter(([name]) => names.includes(name));
    return { ...others, ...Object.fromEntries(named), BRIDGE_STACK_DIR: join(tmpdir(), randomUUID()) };
  }

  it('that emits needs Kafka alone', async () => {
    const input = JSON.stringify({ intents: [persistState()] });
    const run = await bridgeHere(['emit', '-', '--json'], naming('KAFKA_BOOTSTRAP_SERVERS'), input);
    assert.equal(run.code, 0, run.stderr);
    const [told] = run.json() as { event_id: string }[];
    const emitted = await readRecords(environment.endpoints.kafka, [
      `${environment.config.KAFKA_TOPIC_PREFIX}.reducer.events.intent_emitted`,
    ]);
    assert.deepEqual(
      emitted.map(({ value }) => (JSON.parse(value ?? '') as { event_id: string }).event_id),
      [told?.event_id],
    );
  });

  it('that lists dead letters, or shows the rollout, needs PostgreSQL alone', async () => {
    for (const args of [
      ['dead-letters', 'list'],
      ['rollout', 'status'],
    ]) {
      const run = await bridgeHere(args, naming('DATABASE_URL'));
      assert.equal(run.code, 0, run.stderr);
    }
  });

  it('that asks Temporal names the servers that are missing, and no other', async () => {
    const run = await bridgeHere(['list'], naming('DATABASE_URL', 'KAFKA_BOOTSTRAP_SERVERS'));
    const sentence = 'temporal: not running; start the local stack with "bridge stack up", or set TEMPORAL_ADDRESS';
    assert.deepEqual([run.code, run.stderr], [3, `bridge: ${sentence}\n`]);
  });
});
