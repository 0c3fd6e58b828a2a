/** These tests run the rollout with its real tables: shares, stickiness, and one path for each list. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createPool } from '../../src/postgres/core/pool.js';
import { observeWhole } from '../../src/domain/rollout/observation.js';
import { createRolloutStore } from '../../src/postgres/rollout/rollout-store.js';
import type { RolloutChange } from '../../src/domain/rollout/port.js';
import type { PathWindow } from '../../src/domain/rollout/triggers.js';
import { bucketOf } from '../../src/domain/rollout/share.js';
import { bridgeHere } from '../support/bridge-here.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { persistState, publishEvent } from '../support/intents.js';
import { someTime, useRollout } from './support.js';

describe('rollout: router', function () {
  this.timeout(60_000);
  let environment: Environment;
  const database = {} as { url: string; pool: ReturnType<typeof createPool> };
  before(async () => {
    environment = await createEnvironment();
    database.url = environment.endpoints.postgres.url;
    database.pool = createPool({ url: database.url, min: 0 }, () => undefined);
  });
  after(async () => {
    await database.pool.end();
    await environment.close();
  });
  const rollout = useRollout(database);

  const shown = async () => {
    const run = await bridgeHere(['rollout', 'status', '--json'], environment.env);
    assert.equal(run.code, 0, run.stderr);
    return run.json()[0] as {
      percent: number;
      latched: boolean;
      changes: RolloutChange[];
      windows: Record<'legacy' | 'new', PathWindow>;
    };
  };
  const setByCommand = async (share: string) => {
    const run = await bridgeHere(['rollout', 'set', share, '--reason', `to ${share}`], environment.env);
    assert.equal(run.code, 0, run.stderr);
  };

  it('goes from 0 over 10 and 50 to 100 %, each list by one path and by its hash', async () => {
    const router = await rollout.connect({ enabled: '0' });
    // The legacy path takes some time, because a millisecond beside none would be a reason to roll back.
    rollout.legacy = someTime;
    const ids = Array.from({ length: 200 }, () => randomUUID());
    for (const percent of [0, 10, 50, 100]) {
      // One share is set by the command, as a person does it, and the others are set in the store.
      await (percent === 10 ? setByCommand('10') : rollout.set(percent));
      rollout.ran.splice(0);
      const wave = ids.map((id) => `${percent}-${id}`);
      await Promise.all(wave.map((correlationId) => router.execute([persistState()], { correlationId })));
      assert.deepEqual(rollout.ran.map(({ correlationId }) => correlationId).sort(), [...wave].sort(), 'one path each');
      assert.deepEqual(
        rollout.ran.flatMap(({ path, correlationId }) => (path === 'new' ? [correlationId] : [])).sort(),
        wave.filter((id) => bucketOf(id) < percent * 100).sort(),
      );
    }
    const { changes } = await shown();
    assert.deepEqual(
      changes.map(({ percent, reason }) => [percent, reason]),
      [
        [100, 'to 100'],
        [50, 'to 50'],
        [10, 'to 10'],
        [0, 'to 0'],
        [0, 'ENABLE_INTENT_PUBLISHER'],
      ],
    );
    assert.ok(
      changes.every(({ changed_at, changed_by }) => !Number.isNaN(Date.parse(changed_at)) && changed_by !== ''),
    );
  });

  it('a correlation id stays on its path, with every router, whatever is set', async () => {
    const [one, other] = [await rollout.connect({ enabled: '100' }), await rollout.connect()];
    const ids = Array.from({ length: 20 }, () => randomUUID());
    for (const correlationId of ids) await one.execute([], { correlationId });
    await rollout.set(0);
    for (const correlationId of ids) assert.equal((await other.execute([], { correlationId })).path, 'new');
    assert.equal((await other.execute([], { correlationId: randomUUID() })).path, 'legacy');
    await rollout.set(100);
    // The lists start at once: one of them routes, and the others follow.
    await rollout.set(50);
    const correlationId = randomUUID();
    const paths = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? one : other).execute([], { correlationId })),
    );
    assert.equal(new Set(paths.map(({ path }) => path)).size, 1);
  });

  it('false keeps a router’s new lists on the old path, whatever is set for all', async () => {
    await rollout.set(100);
    const [off, on] = [await rollout.connect({ enabled: 'false' }), await rollout.connect({ enabled: '10' })];
    assert.equal(await rollout.run(off, 20), 0);
    assert.equal(await rollout.run(on, 20), 20, 'a share that is set comes before the variable');
  });

  it('never tries the other path after one has thrown, and names a wrong setting', async () => {
    const router = await rollout.connect({ enabled: '0' });
    rollout.legacy = () => Promise.reject(new Error('half done'));
    await assert.rejects(router.execute([persistState()]), /^Error: half done$/);
    assert.deepEqual(
      rollout.ran.map(({ path }) => path),
      ['legacy'],
    );
    await assert.rejects(
      rollout.connect({ enabled: 'yes' }),
      /ENABLE_INTENT_PUBLISHER: expected true, false or 0 to 100, got "yes"/,
    );
    const wrong = await bridgeHere(['rollout', 'set', '101'], environment.env);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /expected 0 to 100, on or off/);
  });

  it('shows the last minutes of each path under its name', async () => {
    const store = createRolloutStore(database.pool);
    const seen = (path: 'legacy' | 'new', intents: number) => ({
      ...observeWhole(path, 10, intents, false),
      revision: 0,
    });
    await store.record([seen('legacy', 3), seen('legacy', 4), seen('new', 5)]);
    const { windows } = await shown();
    assert.deepEqual(
      [windows.legacy, windows.new].map(({ lists, intents }) => [lists, intents]),
      [
        [2, 7],
        [1, 5],
      ],
    );
    const { stdout } = await bridgeHere(['rollout', 'status'], environment.env);
    assert.match(stdout, /^ *legacy +2 +7 /m);
    assert.match(stdout, /^ *new +1 +5 /m);
  });

  it('with the service itself: rows and events by the new path, none by the old one', async () => {
    const router = await rollout.connect({ enabled: 'true', client: environment.client });
    const aggregation_id = randomUUID();
    const routed = await router.execute([persistState({ aggregation_id }), publishEvent()], {
      correlationId: randomUUID(),
    });
    assert.equal(routed.path, 'new');
    assert.equal(routed.report.outcome, 'completed');
    const { rowCount } = await environment.pool.query('SELECT FROM bridge_states WHERE bridge_id = $1', [
      aggregation_id,
    ]);
    assert.equal(rowCount, 1);
    const shown = await bridgeHere(['rollout', 'status'], environment.env);
    assert.match(shown.stdout, /^100 % of new correlation ids take the new path\n/);
  });
});
