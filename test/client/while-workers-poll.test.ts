/** These tests check when a list that runs is given up, by a server that says which task waits and who polled. */
import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { NoWorkerError } from '../../src/client/index.js';
import { whileWorkersPoll } from '../../src/client/while-workers-poll.js';

/** Milliseconds that are over soon; later looks are 250 ms apart all the same. */
const WORKER_MS = 40;

interface Seen {
  /** The task that waits; null when none does, undefined when the server does not answer. */
  readonly queuedAt?: number | null;
  readonly lastPoll: number | null;
}

/** Makes a client whose server shows one state for each look, and the last one for ever. */
function serverThat(...looks: Seen[]) {
  const asked = { looks: 0, results: 0, aborted: 0 };
  let seen: Seen | undefined;
  const client = {
    options: { namespace: 'default' },
    withAbortSignal(signal: AbortSignal, call: () => unknown) {
      signal.addEventListener('abort', () => (asked.aborted += 1));
      return call();
    },
    workflow: {
      getHandle: () => ({
        describe: () => {
          seen = looks[Math.min(asked.looks, looks.length - 1)];
          asked.looks += 1;
          const { queuedAt } = seen ?? {};
          if (queuedAt === undefined) return Promise.reject(new Error('unavailable'));
          // State 1 is a task that waits, and 2 one that a worker has.
          const pendingWorkflowTask = { state: queuedAt === null ? 2 : 1, scheduledTime: msNumberToTs(queuedAt ?? 1) };
          return Promise.resolve({ taskQueue: 'the-queue', raw: { pendingWorkflowTask } });
        },
      }),
    },
    connection: {
      workflowService: {
        describeTaskQueue: () => {
          const lastPoll = seen?.lastPoll ?? null;
          return Promise.resolve({ pollers: lastPoll === null ? [] : [{ lastAccessTime: msNumberToTs(lastPoll) }] });
        },
      },
    },
  } as unknown as Client;
  /** Waits for a result that comes after so many looks. */
  const wait = (until: number, workerTimeoutMs = WORKER_MS) =>
    whileWorkersPoll(client, 'list-1', workerTimeoutMs, async () => {
      asked.results += 1;
      while (asked.looks < until) await new Promise((resolve) => setTimeout(resolve, 5));
      return 'report';
    });
  return { asked, wait };
}

describe('a wait for a report', () => {
  it('is given up when two looks find one task that nobody polls for, and names list and queue', async () => {
    const { asked, wait } = serverThat({ queuedAt: 5, lastPoll: 4 });
    await assert.rejects(wait(Infinity), (error: Error) => {
      assert.ok(error instanceof NoWorkerError);
      assert.deepEqual([error.name, error.workflowId, error.taskQueue], ['NoWorkerError', 'list-1', 'the-queue']);
      assert.equal(
        error.message,
        'list-1: no worker of the task queue the-queue took the list within 40 ms; it stays queued until one does',
      );
      return true;
    });
    assert.deepEqual(asked, { looks: 2, results: 2, aborted: 2 }, 'nobody asks for the result any more');
  });

  it('goes on while workers poll, which are busy with other lists', async () => {
    const { wait } = serverThat(
      { queuedAt: 5, lastPoll: 4 },
      { queuedAt: 5, lastPoll: 6 },
      { queuedAt: 5, lastPoll: 7 },
    );
    assert.equal(await wait(3), 'report');
  });

  it('goes on while a worker has the list', async () => {
    const { wait } = serverThat({ queuedAt: null, lastPoll: 4 });
    assert.equal(await wait(2), 'report');
  });

  it('goes on when the server does not answer a look, and forgets the look before', async () => {
    const { asked, wait } = serverThat({ queuedAt: 5, lastPoll: 4 }, { lastPoll: 4 }, { queuedAt: 5, lastPoll: 4 });
    await assert.rejects(wait(Infinity), NoWorkerError);
    assert.equal(asked.looks, 4);
  });

  it('costs no look when the list ends at once', async () => {
    const { asked, wait } = serverThat({ queuedAt: 5, lastPoll: 4 });
    assert.equal(await wait(0), 'report');
    assert.deepEqual(asked, { looks: 0, results: 1, aborted: 1 });
  });

  it('is for ever when it is to be, or longer than a timer can be set to', async () => {
    for (const forever of [Infinity, 2 ** 31]) {
      const { asked, wait } = serverThat({ queuedAt: 5, lastPoll: 4 });
      const ended = await Promise.race([wait(1, forever), new Promise((resolve) => setTimeout(resolve, 60, 'waits'))]);
      assert.deepEqual([ended, asked.looks], ['waits', 0]);
      asked.looks = 1;
    }
  });
});
