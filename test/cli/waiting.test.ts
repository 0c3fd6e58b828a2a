/** These tests check what a command says while it waits, by a server that says which task waits and who polled. */
import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import type { Output } from '../../src/cli/views/output.js';
import { whileWaiting } from '../../src/cli/waiting.js';

describe('a command that waits', () => {
  /** Makes a server whose task queue was last polled so many seconds ago, at each look. No task waits. */
  const serverWith = (ages: (number | null)[], onLook: () => void) =>
    ({
      options: { namespace: 'default' },
      workflow: { getHandle: () => ({ describe: () => Promise.resolve({ taskQueue: 'q', raw: {} }) }) },
      connection: {
        workflowService: {
          describeTaskQueue: () => {
            const age = ages.shift() ?? null;
            onLook();
            const lastAccessTime = msNumberToTs(Date.now() - (age ?? 0) * 1_000);
            return Promise.resolve({ pollers: age === null ? [] : [{ lastAccessTime }] });
          },
        },
      },
    }) as unknown as Client;

  it('says once that workers have gone, and once that they are back', async function () {
    this.timeout(10_000);
    const listeners = process.listenerCount('SIGINT');
    const notes: string[] = [];
    const out = { note: (...lines: string[]) => notes.push(lines.join('\n')), interactive: false } as unknown as Output;
    const ages = [120, 1];
    let looked: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (looked = resolve));
    const temporal = serverWith(ages, () => {
      if (ages.length === 0) setTimeout(looked, 50);
    });
    const ids = ['list-1', 'list-2'];
    const value = await whileWaiting(out, temporal, { ids: () => ids, noun: 'redrive' }, async () => {
      await both;
      return 'report';
    });
    assert.equal(value, 'report');
    assert.deepEqual(notes, [
      'bridge: no worker polls q (last poll 120 s ago)\n  queued meanwhile: list-1 and 1 more\n' +
        '  run "bridge worker"; Ctrl-C ends the wait, not the redrive',
      'bridge: a worker polls q now',
    ]);
    assert.equal(process.listenerCount('SIGINT'), listeners);
  });
});
