/** These tests run workflows that go page by page, on the real server. They check the second page, and the next run. */
import assert from 'node:assert/strict';
import { PADDING, usePages } from '../../support/pages.js';

describe('pages', () => {
  const paged = usePages();
  const { pages, fieldsOf, runs } = paged;

  it('of a redrive follow one another, in one run or in several, and are added up', async () => {
    for (const padding of ['', PADDING]) {
      paged.worker.reset();
      pages(
        'redriveDeadLetters',
        [100, 250, 300, 420, null].map((next, page) => ({
          redriven: 1,
          failed: page,
          behind: 10,
          stopped: null,
          next,
          padding,
        })),
      );
      const { result, continued } = await runs('RedriveDeadLettersWorkflow', {
        topic: 't',
        automatic: true,
      });
      assert.deepEqual(result, { redriven: 5, failed: 10, behind: 50, stopped: null });
      assert.deepEqual(
        fieldsOf('redriveDeadLetters', 'after', 'topic', 'automatic'),
        [0, 100, 250, 300, 420].map((after) => [after, 't', true]),
      );
      assert.equal(continued, padding !== '');
    }
  });

  it('of a redrive end where no broker is left, and say why', async () => {
    const page = { redriven: 1, failed: 0, behind: 0 };
    pages('redriveDeadLetters', [
      { ...page, stopped: null, next: 5 },
      { ...page, stopped: 'no broker', next: null },
    ]);
    assert.deepEqual(await paged.worker.execute('RedriveDeadLettersWorkflow', {}), {
      redriven: 2,
      failed: 0,
      behind: 0,
      stopped: 'no broker',
    });
  });

  it('of a prune go by the first one’s time, in one run or in several, and are added up', async () => {
    for (const padding of ['', PADDING]) {
      paged.worker.reset();
      const days = [
        '2026-01-01T00:00:00Z',
        '2026-01-02T00:00:00Z',
        '2026-01-03T00:00:00Z',
        '2026-01-04T00:00:00Z',
        null,
      ];
      const pruned_before = '2026-02-01T00:00:00Z';
      pages(
        'pruneLedger',
        days.map((next, page) => ({
          deleted: 1,
          letters_deleted: page,
          marks_deleted: 10,
          verdicts_deleted: 100,
          pruned_before,
          next,
          padding,
        })),
      );
      const { result, continued } = await runs('PruneLedgerWorkflow');
      assert.deepEqual(result, {
        deleted: 5,
        letters_deleted: 10,
        marks_deleted: 50,
        verdicts_deleted: 500,
        pruned_before,
      });
      assert.deepEqual(fieldsOf('pruneLedger', 'before', 'after'), [
        [null, null],
        ...days.slice(0, -1).map((day) => [pruned_before, day]),
      ]);
      assert.equal(continued, padding !== '');
    }
  });

  it('of a prune of FSM states, too', async () => {
    for (const padding of ['', PADDING]) {
      paged.worker.reset();
      const days = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-02T00:00:00Z', null];
      const pruned_before = '2026-02-01T00:00:00Z';
      pages(
        'pruneFsmStates',
        days.map((next, page) => ({ states_deleted: 1, transitions_deleted: page, pruned_before, next, padding })),
      );
      const { result, continued } = await runs('PruneFsmStatesWorkflow');
      assert.deepEqual(result, { states_deleted: 4, transitions_deleted: 6, pruned_before });
      assert.deepEqual(fieldsOf('pruneFsmStates', 'before', 'after'), [
        [null, null],
        ...days.slice(0, -1).map((day) => [pruned_before, day]),
      ]);
      assert.equal(continued, padding !== '');
    }
  });
});
