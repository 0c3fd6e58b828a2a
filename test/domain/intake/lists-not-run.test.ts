/** These tests check the lists of a slice that are not run: parked, repeated or refused ones. Invalid lists say why. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { SlicePlan } from '../../../src/domain/intake/slice.js';
import { recoverFsmStates } from '../../support/intents.js';
import { type AnsweredList, isRerun } from '../../../src/domain/intake/list.js';
import { answeredAs, keyOf, list, planOf, row, tiersOf } from './support.js';

const skippedOf = ({ lists }: SlicePlan) => lists.map(({ skipped }) => skipped);

describe('the plan of a slice', () => {
  it('lets a list wait behind a parked one, with all its keys, and runs the others', () => {
    const [a, b, c, free] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const lists = [
      list([row(free), row(a), row(b)]),
      list([row(b), row(c)]),
      list([row(c)]),
      list([row(randomUUID()), { ...row(randomUUID()), target: 'nowhere' }]),
      list([row(c), 7]),
      list([row(free)]),
    ];
    const made = planOf(lists, { parkedKeys: new Set([keyOf(a)]) });
    assert.deepEqual(skippedOf(made), ['parked', 'parked', 'parked', undefined, 'parked', 'parked']);
    assert.deepEqual(made.lists[0], {
      event_id: lists[0]!.event_id,
      correlation_id: lists[0]!.event_id,
      at: 0,
      first: 0,
      count: 0,
      options: { failFastPriority: 2, derivedEvents: 'none' },
      self_announced: [],
      skipped: 'parked',
    });
    assert.deepEqual(tiersOf(made), [[1, [0]]]);
    // The plan says what is wrong with a list before the list has its turn.
    assert.match(made.lists[3]?.invalid ?? '', /^payload\.intents\[1\]: target: expected /);
    assert.equal(made.lists[4]?.invalid, 'payload.intents[1]: intent: expected an object, got number 7');
  });

  it('names the first of a list’s intents that is invalid by its index', () => {
    const made = planOf([list([row(randomUUID())]), list([null, row(randomUUID()), 7])]);
    assert.equal(made.lists[1]?.invalid, 'payload.intents[0]: intent: expected an object, got null');
    assert.equal(made.lists[0]?.invalid, undefined);
  });

  it('runs a list once, however often it comes', () => {
    const [twice, done] = [list([row(randomUUID())]), list([row(randomUUID())])];
    const made = planOf([twice, done, twice, done], { answered: answeredAs([done]) });
    assert.deepEqual(skippedOf(made), [undefined, 'answered', 'repeats', 'repeats']);
    assert.deepEqual(
      made.lists.map(({ at, first, count }) => [at, first, count]),
      [
        [0, 0, 1],
        [1, 1, 0],
        [2, 1, 0],
        [3, 1, 0],
      ],
    );
    assert.deepEqual(tiersOf(made), [[1, [0]]]);
  });

  it('runs no list under an event id that another list has, and says so before anything else of it', () => {
    const first = list([row(randomUUID())]);
    const [repeat, other] = [{ ...first }, { ...first, intents: [row(randomUUID()), 7] }];
    const made = planOf([first, other, repeat, list([row(randomUUID())])]);
    assert.deepEqual(skippedOf(made), [undefined, 'conflicts', 'repeats', undefined]);
    assert.match(made.lists[1]?.invalid ?? '', /^event_id: .* belongs to another list of intents /);
    assert.deepEqual(
      made.lists.map(({ at, first: index, count }) => [at, index, count]),
      [
        [0, 0, 1],
        [1, 1, 0],
        [3, 1, 0],
        [4, 1, 1],
      ],
    );
    const parked = planOf([other], { parked: new Map([[first.event_id, 'of the parked list']]) });
    assert.deepEqual(skippedOf(parked), ['conflicts']);
  });

  it('refuses a list that may have been executed and forgotten since, and no other', () => {
    const at = '2026-11-01T00:00:00.000Z';
    const [old, same, unknown] = [
      list([row(randomUUID())], { emitted_at: '2026-10-31T23:59:59.999Z' }),
      list([row(randomUUID())], { emitted_at: at }),
      list([row(randomUUID())]),
    ];
    const made = planOf([old, same, unknown], { prunedBefore: at });
    assert.deepEqual(
      made.lists.map(({ refused, count }) => [refused, count]),
      [
        [
          'the list was emitted at 2026-10-31T23:59:59.999Z, and the ledger is pruned up to ' +
            '2026-11-01T00:00:00.000Z: nobody knows whether it was executed',
          0,
        ],
        [undefined, 1],
        [undefined, 1],
      ],
    );
    assert.equal(planOf([old]).lists[0]?.refused, undefined, 'nothing is pruned');
  });

  describe('that is answered', () => {
    const [first, then, later] = ['2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.000Z', '2026-11-03T00:00:00.000Z'];
    const unfinished = { final: false, emitted_at: first };
    const plannedAs = (emitted_at: string | undefined, answered: Partial<AnsweredList>, prunedBefore?: string) => {
      const given = list([row(randomUUID())], emitted_at === undefined ? {} : { emitted_at });
      const known = { answered: answeredAs([given], answered), ...(prunedBefore ? { prunedBefore } : {}) };
      const [planned] = planOf([given, list([row(randomUUID())])], known).lists;
      return [planned?.skipped, planned?.rerun, planned?.count, planned?.refused];
    };

    it('is executed again when it is unfinished, and was emitted since', () => {
      assert.deepEqual(plannedAs(then, unfinished), [undefined, true, 1, undefined]);
      assert.deepEqual(plannedAs(later, { ...unfinished, rerun_at: then }), [undefined, true, 1, undefined]);
      assert.deepEqual(plannedAs(then, { final: false }), [undefined, true, 1, undefined]);
      const [, neighbour] = planOf([list([row(randomUUID())]), list([row(randomUUID())])]).lists;
      assert.ok(neighbour !== undefined && !('rerun' in neighbour));
    });

    it('is answered as before when it is final, is the same message, or has no time', () => {
      for (const [emitted_at, answered] of [
        [then, { ...unfinished, final: true }],
        [first, unfinished],
        [then, { ...unfinished, rerun_at: then }],
        [first, { ...unfinished, rerun_at: then }],
        [undefined, unfinished],
        [undefined, { final: false }],
      ] as const) {
        assert.deepEqual(plannedAs(emitted_at, answered), ['answered', undefined, 0, undefined]);
      }
    });

    it('is executed once in a slice, and not in the stead of another list', () => {
      const given = list([row(randomUUID())], { emitted_at: then });
      assert.equal(isRerun(undefined, given), false);
      const twice = planOf([given, given], { answered: answeredAs([given], unfinished) });
      assert.deepEqual(skippedOf(twice), [undefined, 'repeats']);
      const other = planOf([given], { answered: answeredAs([given], { ...unfinished, list_hash: 'ab'.repeat(32) }) });
      assert.deepEqual(skippedOf(other), ['conflicts']);
    });

    it('is answered as before when the ledger may have forgotten its first run', () => {
      assert.deepEqual(plannedAs(later, unfinished, then), ['answered', undefined, 0, undefined]);
      assert.deepEqual(plannedAs(later, unfinished, first), [undefined, true, 1, undefined]);
    });
  });

  it('refuses a list over a limit or with wrong options, and executes its neighbours', () => {
    const many = list(Array.from({ length: 2_001 }, () => 7));
    const wrong = list([row(randomUUID())], { options: { fast: true } });
    const pages = list(Array.from({ length: 51 }, () => recoverFsmStates()));
    const made = planOf([many, wrong, pages, list([row(randomUUID())])]);
    assert.deepEqual(
      made.lists.map(({ refused, first, count }) => [refused?.slice(0, 40), first, count]),
      [
        ['intents: the list holds 2001 intents, th', 0, 0],
        ['options: expected no unknown fields (fas', 0, 0],
        ['intents: the list has 51 intents that re', 0, 0],
        [undefined, 0, 1],
      ],
    );
    assert.deepEqual(tiersOf(made), [[1, [0]]]);
  });
});
