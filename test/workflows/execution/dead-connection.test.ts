/**
 * This test executes RecoverFSMStates while connections to PostgreSQL die. The activity is retried as long as an outage
 * may last, on the time-skipping server.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Worker } from '@temporalio/worker';
import type { Ports } from '../../../activities/ports.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import { createActivities } from '../../../activities/index.js';
import { recoverFsmStates as effect } from '../../../activities/registry.js';
import type { IntentsReport } from '../../../src/client/index.js';
import { createLogger } from '../../../src/log.js';
import { createFsmStateStore } from '../../../src/postgres/recovery/fsm-state-store.js';
import { createPool, endPool, type Pool } from '../../../src/postgres/core/pool.js';
import { workflowBundle } from '../../../src/temporal/bundle.js';
import { recoverFsmStates } from '../../support/intents.js';
import { createTimeSkipping, type TimeSkipping } from '../../support/time-skipping.js';

const MINUTE = 60_000;

describe('a recovery whose connections die', () => {
  let time: TimeSkipping;
  let server: Server;
  let pool: Pool;

  before(async function () {
    this.timeout(5 * MINUTE);
    // The server takes connections and ends them.
    server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    pool = createPool({ url: `postgresql://nobody@127.0.0.1:${port}/none`, min: 0 }, () => undefined);
    time = await createTimeSkipping();
  });
  after(async () => {
    await endPool(pool);
    server.close();
    await (time as TimeSkipping | undefined)?.close();
  });

  it('is tried again for 15 minutes, then fails, and says why', async () => {
    let now = await time.now();
    const attempts: number[] = [];
    const store = createFsmStateStore(pool);
    const ports = {
      deadLetters: {},
      fsmStates: {
        async recover(request, maxBytes) {
          now = await time.now();
          attempts.push(now);
          return store.recover(request, maxBytes);
        },
      },
    } as Ports;
    const taskQueue = randomUUID();
    const worker = await Worker.create({
      connection: time.environment.nativeConnection,
      taskQueue,
      workflowBundle: { codePath: await workflowBundle(createLogger('silent')) },
      activities: createActivities(
        ports,
        {
          instruments: { ended: () => undefined, conflicted: () => undefined },
          budget: new OutageBudget(undefined, () => now),
        },
        [effect],
      ),
    });
    const execution = await time.start('ExecuteIntentsWorkflow', taskQueue, {
      intents: [recoverFsmStates({}, { priority: 0 })],
      options: { derivedEvents: 'none' },
    });
    const { results } = (await worker.runUntil(execution.result())) as IntentsReport;
    assert.deepEqual(
      results.map(({ status, error_code }) => [status, error_code]),
      [['failed', 'DATABASE_ERROR']],
    );
    assert.match(results[0]?.error ?? '', /^PostgreSQL: cannot connect: /);
    const lasted = (attempts.at(-1) ?? 0) - (attempts[0] ?? 0);
    assert.ok(lasted >= 14 * MINUTE && lasted <= 16 * MINUTE, `after ${lasted} ms`);
  }).timeout(2 * MINUTE);
});
