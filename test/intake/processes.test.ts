/**
 * These tests run processes of the intake and beside it: one is killed, one is asked to stop, and one is `bridge emit`.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../src/flow-control/until.js';
import { BRIDGE_MAIN } from '../support/bridge.js';
import { bridgeHere } from '../support/bridge-here.js';
import { readRecords } from '../support/records.js';
import { expelMembers } from './expel.js';
import { useLiveIntake } from './live-intake.js';

describe('intake: processes', function () {
  this.timeout(120_000);
  const live = useLiveIntake();

  it('a process killed in the middle repeats at most what it had not committed', async () => {
    const child = spawn(process.execPath, [BRIDGE_MAIN, 'intake', '--json'], {
      env: live.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const ids = await live.emit(0, 900, { options: { sleepMs: 500 } });
    await until(30_000, async () => assert.notEqual(await live.committed(0), -1));
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const before = await live.committed(0);
    assert.ok(before > 0 && before < ids.length, `killed in the middle: ${before} of 900 are committed`);
    await expelMembers(live.kafka, live.environment.endpoints.kafka.brokers[0]!, live.groupId);
    await live.start();
    await until(60_000, async () => assert.equal(await live.committed(0), ids.length));
    // The server's list of executions may lag behind the executions.
    const handed = await until(10_000, async () => {
      const lists = await live.arrived(0);
      assert.deepEqual([...new Set(lists)], ids);
      return lists;
    });
    const times = new Map(ids.map((id) => [id, 0]));
    for (const id of handed) times.set(id, (times.get(id) ?? 0) + 1);
    assert.deepEqual(
      ids.slice(0, before).filter((id) => times.get(id) !== 1),
      [],
      'what was committed came once',
    );
    assert.ok(Math.max(...times.values()) <= 2, 'and the rest at most once more');
  });

  it('a process that is asked to stop leaves its group, and then ends with 0; it needs no database', async () => {
    const { DATABASE_URL: _database, ...env } = live.env;
    const child = spawn(process.execPath, [BRIDGE_MAIN, 'intake', '--json'], {
      env: { ...env, BRIDGE_STACK_DIR: join(tmpdir(), randomUUID()) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [record] = (await once(child.stdout, 'data')) as [Buffer];
    const { port } = JSON.parse(record.toString()) as { port: number };
    const ready = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/ready`);
      return [response.status, await response.json()] as const;
    };
    await until(20_000, async () =>
      assert.deepEqual(await ready(), [
        200,
        {
          ok: true,
          dependencies_ok: true,
          checks: { process: { ok: true, detail: 'RUNNING' }, intake: { ok: true, detail: '2 partitions' } },
        },
      ]),
    );
    const ids = await live.emit(0, 3);
    await live.arrives(0, ids);
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    assert.deepEqual(await gone, [0, null]);
    const { groups } = await live.admin.describeGroups([live.groupId]);
    assert.deepEqual([groups[0]?.members, await live.committed(0)], [[], 3]);
  });

  it('bridge emit puts every list of a file of several batches on the topic, once', async () => {
    const lists = Array.from({ length: 401 }, (_, n) => ({
      request_id: `${live.config.KAFKA_TOPIC_PREFIX}-${n}`,
      intents: [],
    }));
    const ids = lists.map(({ request_id }) => request_id).sort();
    const run = await bridgeHere(
      ['emit', '-', '--json'],
      live.env,
      lists.map((list) => JSON.stringify(list)).join('\n'),
    );
    assert.equal(run.code, 0, run.stderr);
    const told = run.json() as { request_id: string }[];
    const records = await readRecords(live.environment.endpoints.kafka, [live.topic]);
    const there = records.map(({ value }) => JSON.parse(value ?? '') as { payload: { request_id: string } });
    assert.deepEqual(there.map(({ payload }) => payload.request_id).sort(), ids);
    assert.deepEqual(told.map(({ request_id }) => request_id).sort(), ids);
  });
});
