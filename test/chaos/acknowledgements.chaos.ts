/**
 * In this test the broker stores what it is sent and its acknowledgements are dropped on the way, several times over.
 * Its own console consumer finds every event, with repeats under the same event id. The results are true.
 */
import assert from 'node:assert/strict';
import { until } from '../../src/flow-control/until.js';
import { readEventsByConsole } from '../support/events.js';
import { auditEvents, auditRows, CHAOS_EVENTS } from './support/audit.js';
import { useInstallation } from './support/installation.js';
import { reportOf, start, stored, warmUp } from './support/executions.js';
import { makeLists } from './support/lists.js';

/**
 * The number of times that all acknowledgements are lost. Each group of lists loses them once, because a third loss in
 * a row makes dead letters of the events.
 */
const ROUNDS = 3;

describe('acknowledgements of Kafka that are lost', () => {
  const used = useInstallation(undefined, warmUp);

  it('leave every event on its topic, repeats under one event id, and results that say succeeded', async () => {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { lists, expected } = makeLists();
      const before = await stored(used.installation);
      const letThrough = await used.installation.route.kafka.add({
        type: 'timeout',
        stream: 'downstream',
        attributes: { timeout: 0 },
      });
      await start(used.installation, lists);
      await until(60_000, async () =>
        assert.ok((await stored(used.installation)) > before, 'no event has come to the broker'),
      );
      // This closes the connections that the fault has stopped, so the acknowledgements on them are lost.
      await letThrough();
      const reports = await Promise.all(lists.map(({ requestId }) => reportOf(used.installation, requestId)));
      rounds.push({ expected, results: reports.flatMap(({ results }) => results) });
    }
    const read = await readEventsByConsole(used.installation.environment, CHAOS_EVENTS);
    for (const { expected, results } of rounds) {
      const rows = await auditRows(used.installation.environment.pool, expected);
      const events = auditEvents(read, expected);
      assert.deepEqual([...rows.lost, ...rows.doubled, ...events.lost, ...events.doubled], []);
      assert.ok(events.repeated > 0, 'no acknowledgement was lost');
      assert.deepEqual([...new Set(results.map(({ status }) => status))], ['succeeded']);
    }
    for (const { headers, envelope } of read) assert.equal(headers['event_id'], envelope.event_id);
    const { rows: letters } = await used.installation.environment.pool.query('SELECT id FROM dead_letters');
    assert.deepEqual(letters, []);
  }).timeout(300_000);
});
