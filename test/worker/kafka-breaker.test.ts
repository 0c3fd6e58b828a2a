/** This test checks the breaker in front of Kafka, with a broker that refuses connections until it is there. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { until } from '../../src/flow-control/until.js';
import { type RunningWorker, startWorker } from '../../src/worker/run.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import { publishEvent } from '../support/intents.js';
import { switchableServer, type SwitchableServer } from '../support/switchable-server.js';

const LISTS = 5;

describe('circuit breaker in front of Kafka', () => {
  let environment: Environment;
  let broker: SwitchableServer;
  let worker: RunningWorker;
  const log: Record<string, unknown>[] = [];
  before(async () => {
    environment = await createEnvironment({
      worker: false,
      env: {
        KAFKA_BREAKER_FAILURES: '2',
        KAFKA_BREAKER_OPEN_SECONDS: '1',
        // A probe has longer than an attempt takes. A late probe would otherwise go on while the breaker is open again.
        KAFKA_BREAKER_PROBE_SECONDS: '30',
        // Three refusals would otherwise make a dead letter, and nothing would wait for the broker.
        KAFKA_ENABLE_DLQ: 'false',
        // The client makes no retries of its own, because each asks for another connection.
        KAFKA_MAX_RETRY_ATTEMPTS: '0',
      },
    });
    broker = await switchableServer(environment.endpoints.kafka.brokers[0]!);
    worker = await startWorker({
      config: environment.config,
      logger: pino({}, { write: (line: string) => log.push(JSON.parse(line) as Record<string, unknown>) }),
      endpoints: { ...environment.workerEndpoints, kafka: { brokers: [broker.address] } },
    });
  });
  after(async () => {
    await worker.shutdown();
    await broker.off();
    await environment.close();
  });

  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${worker.httpPort}${path}`);
    return { status: response.status, body: await response.text() };
  };
  async function figures() {
    const lines = (await get('/metrics')).body.split('\n');
    const value = (name: string) =>
      Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length) ?? NaN);
    return {
      state: value('circuit_breaker_state{store="kafka"}'),
      refused: value('circuit_breaker_refusals_total{store="kafka"}') || 0,
      probes: value('circuit_breaker_state_changes_total{store="kafka",state="half-open"}') || 0,
    };
  }

  /** Listens at the broker's address, so that whoever asks for it is counted. */
  async function standIn() {
    const [hostname, port] = broker.address.split(':');
    let asked = 0;
    const server = createServer((socket) => {
      asked += 1;
      socket.destroy();
    }).listen(Number(port), hostname);
    await once(server, 'listening');
    return {
      asked: () => asked,
      async close() {
        server.close();
        await once(server, 'close');
      },
    };
  }

  it('opens, refuses without asking the broker, lets one probe through, and closes when the broker is back', async () => {
    const key = randomUUID();
    const list = () => [publishEvent({ partition_key: key })];
    const stand = await standIn();
    const handles = await Promise.all(Array.from({ length: LISTS }, () => environment.client.start(list())));
    await until(30_000, async () => assert.equal((await figures()).state, 2));

    assert.equal((await get('/ready')).status, 200, 'the worker takes work all the same');
    const ready = await get('/ready?strict');
    assert.equal(ready.status, 503);
    const { checks } = JSON.parse(ready.body) as { checks: Record<string, { ok: boolean; detail: string }> };
    assert.deepEqual([checks['postgres']?.ok, checks['kafka']?.ok], [true, false]);
    assert.match(checks['kafka']!.detail, /^circuit breaker open for another \d+ ms$/);

    // The calls that were under way when the breaker opened have ended by its first probe.
    await until(30_000, async () => assert.ok((await figures()).probes >= 1));
    await until(30_000, async () => assert.equal((await figures()).state, 2));
    const from = { ...(await figures()), asked: stand.asked() };
    await until(30_000, async () => {
      const before = { ...(await figures()), asked: stand.asked() };
      await sleep(50);
      const after = { ...(await figures()), asked: stand.asked() };
      if (before.state === 2 && after.state === 2 && before.probes === after.probes) {
        assert.equal(after.asked, before.asked, 'the broker was asked while the breaker was open');
      }
      assert.ok(after.probes >= from.probes + 2, 'no probe');
    });
    const to = { ...(await figures()), asked: stand.asked() };
    const probes = to.probes - from.probes;
    // One call asks once or twice for a connection. All lists together would ask five times as often.
    assert.ok(to.asked - from.asked <= 2 * (probes + 1), `${to.asked - from.asked} connections by ${probes} probes`);
    // Each list is refused once, at most twice, while the breaker is open: nobody asks it again and again.
    assert.ok(to.refused - from.refused <= 2 * LISTS * (probes + 1), `${to.refused - from.refused} refusals`);

    await stand.close();
    await broker.on();
    for (const { workflowId } of handles) {
      assert.equal((await environment.client.result(workflowId)).outcome, 'completed');
    }
    assert.equal((await figures()).state, 0);
    assert.equal((await get('/ready?strict')).status, 200);
    const events = await readEvents(environment, ['AGGREGATION_STARTED']);
    assert.equal(events.length, LISTS);
    assert.equal(new Set(events.map(({ headers }) => headers['event_id'])).size, LISTS);
    const changes = log.filter((entry) => 'state' in entry).map((entry) => [entry['store'], entry['state']]);
    assert.deepEqual(changes[0], ['kafka', 'open']);
    assert.deepEqual(changes.slice(-2), [
      ['kafka', 'half-open'],
      ['kafka', 'closed'],
    ]);
  }).timeout(120_000);
});
