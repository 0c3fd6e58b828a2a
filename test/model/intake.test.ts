/**
 * These tests hold the intake against a model, in simulated time. Random sequences bring messages, refusals, kills and
 * rebalances. The real consumer, partition workers, slicer and runner work between a simulated Kafka and a simulated
 * Temporal. Half of the sequences are in the file beside this one.
 */
import assert from 'node:assert/strict';
import { itKeepsItsPromises, useVirtualClock } from './random-sequences.js';
import type { Command } from './sequences.js';
import type { Fate } from './temporal-world.js';
import { Simulation } from './simulation.js';

describe('the intake against a model', () => {
  const clock = useVirtualClock();
  itKeepsItsPromises(clock, 0);

  const list: Fate = { ms: 5, failsAfter: null };
  type Case = readonly [string, readonly Command[], delays: number[], fates?: readonly Fate[], maxSlices?: number];
  /** Cases that the random sequences above have found, each before it was mended. */
  const found: readonly Case[] = [
    [
      'takes messages that it reads again after a rebalance for what they are, also when their commit was on its way',
      [
        { do: 'join' },
        { do: 'join' },
        { do: 'emit', partition: 1, kinds: ['refused', 'list'] },
        { do: 'wait', ms: 2_000 },
        { do: 'rebalance' },
      ],
      [1, 1, 100, 20, 20],
      [{ ...list, ms: 70_000 }],
    ],
    [
      'leaves the group before it has stopped, also when its consumer has just crashed',
      [
        { do: 'wait', ms: 15_000 },
        { do: 'crash', which: 0 },
        { do: 'stop', which: 0, graceMs: 0 },
      ],
      [100],
    ],
    [
      'copies what was ended by force when it is stopped while the offset of the slice is committed',
      [
        { do: 'emit', partition: 0, kinds: ['text', 'list'] },
        { do: 'wait', ms: 300 },
        { do: 'force', failsAfter: 0 },
        { do: 'stop', which: 0, graceMs: 5_000 },
      ],
      [1, 1, 100],
      [{ ...list, ms: 100 }],
    ],
    [
      'copies what is invalid of a slice whose partition is revoked while it is started',
      [
        { do: 'emit', partition: 0, kinds: ['invalid', 'list'] },
        { do: 'join' },
        { do: 'wait', ms: 300 },
        { do: 'evict', which: 0 },
      ],
      [1, 100, 100, 1],
    ],
    [
      'commits in a topic created again, also when its last commit came after a rejoin that found it made by another',
      [
        { do: 'join' },
        { do: 'emit', partition: 1, kinds: ['text', 'list'] },
        { do: 'join' },
        { do: 'wait', ms: 2_000 },
        { do: 'recreate', fetchFails: false },
      ],
      [2, 1, 100, 1],
      [list],
      12,
    ],
    [
      'drops what it has buffered of a lost partition, also when a late commit had set the offset of the group back',
      [
        { do: 'wait', ms: 15_000 },
        { do: 'emit', partition: 1, kinds: ['list'] },
        { do: 'emit', partition: 0, kinds: ['list'] },
        { do: 'join' },
        { do: 'emit', partition: 1, kinds: ['too many'] },
        { do: 'stop', which: 0, graceMs: 60_000 },
        { do: 'wait', ms: 300 },
        { do: 'join' },
        { do: 'emit', partition: 1, kinds: ['invalid', 'text'] },
      ],
      [2, 1, 2, 1, 1],
      [list, { ...list, ms: 8_000 }, list],
      12,
    ],
    [
      'takes what stands before a message that it reads again for repeats, also when they are a batch of their own',
      [
        { do: 'emit', partition: 1, kinds: ['list'] },
        { do: 'stop', which: 0, graceMs: 0 },
        { do: 'join' },
        { do: 'wait', ms: 50 },
        { do: 'emit', partition: 1, kinds: ['list', 'list', 'list', 'list', 'list', 'list', 'list'] },
        { do: 'join' },
        { do: 'wait', ms: 15_000 },
        { do: 'evict', which: 0 },
        { do: 'emit', partition: 1, kinds: ['list', 'text'] },
      ],
      [1],
      [list],
      12,
    ],
  ];
  /** Cases that are too rare in the random sequences above to rely on. */
  const rare: typeof found = [
    [
      'commits nothing of what has no list when it is stopped before the copy is taken',
      [
        { do: 'wait', ms: 2_000 },
        { do: 'fail', faults: { dlq: 'down' } },
        { do: 'emit', partition: 0, kinds: ['text'] },
        { do: 'wait', ms: 300 },
        { do: 'stop', which: 0, graceMs: 5_000 },
        { do: 'wait', ms: 2_000 },
      ],
      [1],
    ],
    [
      'drops what it holds when it comes again under another member id: another has carried it out',
      [
        { do: 'wait', ms: 2_000 },
        { do: 'join' },
        { do: 'wait', ms: 2_000 },
        { do: 'fail', faults: { temporal: 'down' } },
        { do: 'emit', partition: 0, kinds: ['list', 'list'] },
        { do: 'wait', ms: 15_000 },
        { do: 'fail', faults: { temporal: 'up' } },
        { do: 'evict', which: 0 },
        { do: 'rebalance' },
        { do: 'wait', ms: 15_000 },
      ],
      [20],
    ],
    [
      'commits nothing of a topic that is created again while it stops',
      [
        { do: 'join' },
        { do: 'wait', ms: 300 },
        { do: 'emit', partition: 1, kinds: ['invalid'] },
        { do: 'stop', which: 0, graceMs: 0 },
        { do: 'recreate', fetchFails: false },
        { do: 'stop', which: 0, graceMs: 60_000 },
        { do: 'emit', partition: 1, kinds: ['list'] },
      ],
      [1, 100, 1],
    ],
    [
      'copies what is for a person of a slice that ends while it stops, before it has stopped',
      [
        { do: 'wait', ms: 50 },
        { do: 'stop', which: 0, graceMs: 60_000 },
        { do: 'force', failsAfter: 0 },
      ],
      [1],
      [{ ...list, ms: 8_000 }, list],
    ],
    [
      'starts nothing from the partition workers of a consumer that is built anew',
      [
        { do: 'emit', partition: 1, kinds: ['list'] },
        { do: 'wait', ms: 2_000 },
        { do: 'force', failsAfter: 0 },
        { do: 'crash', which: 0 },
      ],
      [1],
      [{ ...list, ms: 8_000 }, list],
    ],
    [
      'reads on behind what filled a partition worker',
      [{ do: 'emit', partition: 0, kinds: ['heavy', 'heavy', 'heavy', 'heavy'] }],
      [1],
    ],
    [
      'takes the end of its slice from the run that it started, not from the one that follows',
      [{ do: 'wait', ms: 2_000 }, { do: 'emit', partition: 1, kinds: ['list'] }, { do: 'join' }],
      [1],
      [list, { ...list, failsAfter: 0 }],
    ],
    [
      'waits for the end of a slice that was being started when its consumer was built anew',
      [
        { do: 'wait', ms: 300 },
        { do: 'recreate', fetchFails: true },
      ],
      [20],
      [{ ...list, failsAfter: 0 }, list],
    ],
  ];
  for (const [what, commands, delays, fates = [list], maxSlices = 1] of [...found, ...rare]) {
    it(what, async () => {
      assert.deepEqual(await new Simulation(clock, { commands, delays, fates, maxSlices }).run(), []);
    });
  }
});
