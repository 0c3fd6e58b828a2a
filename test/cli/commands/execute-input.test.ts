/** These tests execute what people send on the real servers: other forms, numbers at the edge, and a slow pipe. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { topicOf } from '../../../src/domain/events/event-types.js';
import type { IntentsReport } from '../../../src/client/index.js';
import { BRIDGE_MAIN } from '../../support/bridge.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';
import { readRecords } from '../../support/records.js';

describe('what bridge execute is given', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());

  it('is one list where its lines are intents, with the text and the numbers that were sent', async () => {
    const numbers = '{"float":6.02e23,"small":5e-324,"decimal":0.1000000000000000055,"text":"a\u2028b"}';
    const workflow_id = randomUUID();
    const transition = (n: number) =>
      JSON.stringify(persistFsmTransition({ workflow_id, transition_count: n, metadata: { n: '#' } }));
    const input = [
      transition(1).replace('"#"', numbers),
      transition(2).replace('"#"', '1000000000000000000000'),
      JSON.stringify(publishEvent({ event_type: 'NODE_HEARTBEAT', n: '#' })).replace('"#"', numbers),
    ];
    const run = await bridgeHere(['execute', '-', '--json'], environment.env, input.join('\n'));
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stderr, /^bridge: 3 intents that stand alone are one list, in their order$/m);
    const [report, ...others] = run.json() as IntentsReport[];
    assert.deepEqual(
      [others, report?.results.map(({ success, error }) => (success ? 'stored' : error))],
      [
        [],
        [
          'stored',
          'payload.metadata.n: expected a whole number JSON can represent (up to 9007199254740991), got number',
          'stored',
        ],
      ],
    );
    const { rows } = await environment.pool.query<{ n: string }>(
      "SELECT transition_data->'metadata'->>'n' AS n FROM fsm_transitions WHERE entity_id = $1",
      [workflow_id],
    );
    assert.deepEqual(
      rows.map(({ n }) => JSON.parse(n) as unknown),
      [JSON.parse(numbers)],
    );
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'NODE_HEARTBEAT');
    const records = await readRecords(environment.endpoints.kafka, [topic]);
    assert.deepEqual(
      records.map(({ value }) => (JSON.parse(value ?? '') as { payload: { n: unknown } }).payload.n),
      [JSON.parse(numbers)],
    );
  });

  it('repeats nothing where it is an envelope that was executed before', async () => {
    const envelope = {
      envelope_version: '1.0',
      event_id: randomUUID().toUpperCase(),
      event_type: 'INTENT_EMITTED',
      correlation_id: 'c',
      payload: { intents: [persistState()] },
    };
    const input = JSON.stringify(envelope, null, 2);
    const run = await bridgeHere(['execute', '-', '--json'], environment.env, `${input}${input}`);
    assert.equal(run.code, 0, run.stderr);
    const ids = (run.json() as IntentsReport[]).map(({ request_id }) => request_id);
    assert.deepEqual(ids, Array(2).fill(envelope.event_id.toLowerCase()));
    const { rows } = await environment.pool.query('SELECT FROM executed_intents WHERE intent_type = $1', [
      'PersistState',
    ]);
    assert.equal(rows.length, 1);
  });

  it('is executed as it comes, and Ctrl-C ends the wait for more', async () => {
    const child = spawn(process.execPath, [BRIDGE_MAIN, 'execute', '-', '--json'], { env: environment.env });
    const ended = once(child, 'close');
    const reports = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    try {
      for (const request_id of [`slow-${randomUUID()}`, `slow-${randomUUID()}`]) {
        child.stdin.write(`${JSON.stringify({ request_id, intents: [persistState()] })}\n`);
        const { value } = (await reports.next()) as { readonly value: string };
        assert.equal((JSON.parse(value) as IntentsReport).request_id, request_id);
      }
      child.kill('SIGINT');
      assert.deepEqual(await ended, [130, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
