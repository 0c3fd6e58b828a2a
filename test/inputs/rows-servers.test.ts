/**
 * These tests send forms that are taken, and forms that are refused, to real servers: some of each section of
 * docs/inputs.md.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { TIME_FORMS } from '../../src/domain/values/time.js';
import { bridgeHere } from '../support/bridge-here.js';
import { envelopeOf, EVENT_ID, ID, published, publishing } from './paths.js';
import { outcomesOf, useService } from './service.js';

const storing = (timestamp: string): string =>
  `{"intent_type":"PersistState","target":"store_effect","payload":{"aggregation_id":"${ID}","aggregated_data":{"ns":{"total_stamps":1}},"timestamp":"${timestamp}"}}`;
const WEEK = '2026-W05-6T12:00:00Z';
const list = envelopeOf(
  publishing('"a\u2028b"'),
  publishing('6.02e23'),
  publishing('9007199254740993'),
  storing('2026-01-31 12:00:00.5 +0100 CET'),
  storing(WEEK),
);
const OUTCOMES = [
  'succeeded',
  'succeeded',
  'payload.a.b: expected a whole number JSON can represent (up to 9007199254740991), got number',
  'succeeded',
  `payload.timestamp: expected ${TIME_FORMS}, got string "${WEEK}"`,
];

describe('inputs on real servers', function () {
  this.timeout(90_000);
  const service = useService();
  /** Returns the list under ids of its own, behind a byte order mark. */
  const listOf = (eventId: string, bridgeId: string) =>
    Buffer.from(`\ufeff${list.replaceAll(EVENT_ID, eventId).replaceAll(ID, bridgeId)}`);

  const PATHS: Readonly<Record<string, (bytes: Buffer, eventId: string) => Promise<string[]>>> = {
    'bridge execute': async (bytes) => (await service.execute(bytes)).flatMap(outcomesOf),
    'bridge emit': async (bytes) => {
      const run = await service.bridge('emit', bytes, '--json');
      assert.equal(run.code, 0, run.stderr);
      const [{ event_id } = { event_id: '' }] = run.json() as { event_id: string }[];
      return outcomesOf(await service.verdict(event_id));
    },
    'the intake': async (bytes, eventId) => {
      await service.produce(bytes);
      return outcomesOf(await service.verdict(eventId));
    },
  };
  for (const [path, send] of Object.entries(PATHS)) {
    it(`by ${path}: what is taken is stored and published, and what is refused is named`, async () => {
      const [eventId, bridgeId] = [randomUUID(), randomUUID()];
      assert.deepEqual(await send(listOf(eventId, bridgeId), eventId), OUTCOMES);
      const events = await service.heartbeats(eventId);
      assert.deepEqual(events, [published('a\u2028b'), published(6.02e23)]);
      const rows = await service.rows(
        `SELECT total_items_aggregated AS total, last_aggregation_timestamp AS at FROM bridge_states WHERE bridge_id = $1`,
        bridgeId,
      );
      assert.deepEqual(rows, [{ total: '1', at: new Date('2026-01-31T11:00:00.500Z') }]);
    });
  }

  for (const [what, bytes, problem] of [
    [
      'Latin-1',
      Buffer.from(envelopeOf(publishing('"café"')), 'latin1'),
      /expected UTF-8, got 0xE9 at byte \d+ \(Latin-1\?\); convert it: iconv -f LATIN1 -t UTF-8/,
    ],
    ['a trailing comma', Buffer.from('[7,]'), /expected JSON, got a trailing comma instead of a value at .*column 3/],
  ] as const) {
    it(`${what} is refused by all of them, before anything is done`, async () => {
      for (const command of ['execute', 'emit'] as const) {
        const run = await service.bridge(command, bytes);
        assert.deepEqual([run.code, run.stdout], [2, '']);
        assert.match(run.stderr, problem);
      }
      await service.produce(bytes);
      assert.match(await service.reasonFor(bytes), problem);
    });
  }

  it('a time span begins at a time, or is refused with the forms', async () => {
    const recover = (since: string) => bridgeHere(['recover', '--since', since, '--json'], service.environment.env);
    assert.equal((await recover('7d')).code, 0);
    const { code, stderr } = await recover('Nov 26');
    assert.equal(code, 2);
    assert.match(stderr, /expected 30m, 12h or 7d \(ago\), or a time such as .* that has passed/);
  });

  it('values of the client are sent as JSON has them, or nothing is sent', async () => {
    const { client } = service;
    const intents = (own: unknown) => [
      { intent_type: 'PublishEvent', target: 'event_bus', payload: published(own) } as const,
    ];
    const correlationId = randomUUID();
    const options = { correlationId };
    await client.executeIntents(intents(new Date(0)) as never, options);
    const { eventId } = await client.emitIntents(intents(new Date(0)) as never, options);
    await service.verdict(eventId);
    for (const send of [client.executeIntents.bind(client), client.emitIntents.bind(client)]) {
      await assert.rejects(send(intents(NaN) as never, options), {
        name: 'RequestError',
        message: 'intents[0].payload.a.b: expected a finite number, got number NaN',
      });
    }
    const time = published('1970-01-01T00:00:00.000Z');
    assert.deepEqual(await service.heartbeats(correlationId), [time, time]);
  });
});
