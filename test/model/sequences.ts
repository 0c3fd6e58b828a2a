/** This module draws random sequences of what may happen to an intake. */
import fc from 'fast-check';
import type { Faults } from './faults.js';
import type { Kind } from './records.js';
import type { Fate } from './temporal-world.js';

export type Command =
  | { readonly do: 'emit'; readonly partition: number; readonly kinds: readonly Kind[] }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'fail'; readonly faults: Partial<Faults> }
  | { readonly do: 'force'; readonly failsAfter: number }
  | { readonly do: 'join' }
  | { readonly do: 'stop'; readonly which: number; readonly graceMs: number }
  /** A kill; `again` says that another process is started at once. */
  | { readonly do: 'kill'; readonly which: number; readonly again: boolean }
  | { readonly do: 'evict' | 'stall' | 'crash'; readonly which: number }
  | { readonly do: 'rebalance' }
  | { readonly do: 'recreate'; readonly fetchFails: boolean };

export interface Sequence {
  readonly commands: readonly Command[];
  readonly fates: readonly Fate[];
  /** Milliseconds that calls take, in turn. */
  readonly delays: readonly number[];
  /** Slices a process runs at once. */
  readonly maxSlices: number;
}

export const PARTITIONS = 2;

const kind: fc.Arbitrary<Kind> = fc.oneof(
  { weight: 40, arbitrary: fc.constant<Kind>('list') },
  { weight: 8, arbitrary: fc.constantFrom<Kind>('invalid', 'refused', 'again') },
  { weight: 6, arbitrary: fc.constantFrom<Kind>('text', 'nothing', 'no list') },
  { weight: 4, arbitrary: fc.constant<Kind>('half') },
  { weight: 1, arbitrary: fc.constant<Kind>('too many') },
);
/** Kinds of large messages. Each megabyte takes milliseconds, so that a few are enough. */
const large = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Kind>('heavy') },
  { weight: 2, arbitrary: fc.constant<Kind>('too large') },
  { weight: 1, arbitrary: fc.constant<Kind>('unsendable') },
);
const kinds = fc.oneof(
  { weight: 150, arbitrary: fc.array(kind, { minLength: 1, maxLength: 8 }) },
  { weight: 10, arbitrary: fc.array(fc.constantFrom<Kind>('text', 'nothing'), { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.array(large, { minLength: 1, maxLength: 4 }) },
);
const faults: fc.Arbitrary<Partial<Faults>> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ temporal: fc.constantFrom('up', 'down', 'silent', 'refuses') }) },
  { weight: 2, arbitrary: fc.record({ lostAnswers: fc.constantFrom(1, 2) }) },
  { weight: 2, arbitrary: fc.record({ breakerOpen: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ dlq: fc.constantFrom('up', 'down', 'partly') }) },
  { weight: 2, arbitrary: fc.record({ commitsFail: fc.boolean() }) },
);
const which = fc.nat({ max: 2 });

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('emit'), partition: fc.nat({ max: PARTITIONS - 1 }), kinds }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(1, 10, 50, 300, 2_000, 15_000) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('fail'), faults }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('force'), failsAfter: fc.nat({ max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('join') }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('stop'), which, graceMs: fc.constantFrom(0, 100, 5_000, 60_000) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill'), which, again: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('evict', 'stall', 'crash'), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rebalance') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('recreate'), fetchFails: fc.boolean() }) },
);

const fate: fc.Arbitrary<Fate> = fc.record({
  ms: fc.constantFrom(5, 100, 1_000, 8_000, 70_000),
  failsAfter: fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) }),
});

export const sequence: fc.Arbitrary<Sequence> = fc.record({
  commands: fc.array(command, { maxLength: 25, size: 'max' }),
  fates: fc.array(fate, { minLength: 1, maxLength: 5 }),
  delays: fc.array(fc.constantFrom(1, 2, 20, 100), { minLength: 1, maxLength: 7 }),
  maxSlices: fc.constantFrom(1, 12),
});
