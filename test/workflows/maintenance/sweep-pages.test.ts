/**
 * These tests run sweeps that go page by page, on the real server. They check the second page, the second part, and the
 * next run.
 */
import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import type { BatchInput } from '../../../src/domain/execution/batch.js';
import type { SweptMark } from '../../../src/domain/sweep/sweep.js';
import { PADDING, usePages } from '../../support/pages.js';

describe('pages of a sweep', () => {
  const paged = usePages();
  const { pages, fieldsOf, runs } = paged;
  const run = (number: number) => ({ workflow_id: `w${number}`, run_id: 'r' });
  const executions = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => run(from + index));
  const event = (intent_id: string) => ({
    event_type: 'STATE_PERSISTED',
    partition_key: 'k',
    payload: {},
    intent_id,
  });
  const part = (announce: readonly object[], next: number | null, rest: object = {}) => ({
    correlation_id: 'c',
    page_bytes: 1_000,
    announce,
    next,
    ...rest,
  });
  const marks = (): SweptMark[] => (paged.worker.inputsOf('markSwept') as readonly SweptMark[][]).flat();
  const idOf = ({ execution }: SweptMark) => execution.workflow_id;
  const sweepNothing = () => {
    paged.worker.instead.set('markSwept', () => 'marked');
    paged.worker.instead.set('copyUnanswered', () => 1);
    paged.worker.instead.set('findUnannounced', () => part([], null));
  };
  beforeEach(sweepNothing);

  it('follow one another, in one run or in several: each execution is swept and marked once', async () => {
    for (const padding of ['', PADDING]) {
      paged.worker.reset();
      sweepNothing();
      // A page is swept ten executions at a time.
      pages(
        'findEndedExecutions',
        ['a', 'b', 'c', 'd', null].map((next, page) => ({
          executions: executions(page * 12, page * 12 + 12),
          next,
          padding,
        })),
      );
      const { result, continued } = await runs('SweepExecutionsWorkflow', { grace_seconds: 7 });
      assert.deepEqual(result, { swept: 60, announced: 0, copied: 0, unreadable: 0, left: 0 });
      assert.deepEqual(
        marks().map(idOf),
        executions(0, 60).map(({ workflow_id }) => workflow_id),
      );
      assert.deepEqual(
        fieldsOf('findEndedExecutions', 'after', 'grace_seconds'),
        [null, 'a', 'b', 'c', 'd'].map((after) => [after, 7]),
      );
      assert.equal(continued, padding !== '');
    }
  });

  it('go on behind executions that cannot be swept, which are not marked', async () => {
    pages('findEndedExecutions', [
      { executions: executions(0, 3), next: 'second' },
      { executions: executions(3, 4), next: null },
    ]);
    paged.worker.instead.set('findUnannounced', ({ execution }: { execution: { workflow_id: string } }) => {
      if (execution.workflow_id === 'w1') return { reason: 'its history is gone' };
      if (execution.workflow_id !== 'w3') throw ApplicationFailure.nonRetryable('no');
      return part([], null);
    });
    assert.deepEqual(await paged.worker.execute('SweepExecutionsWorkflow'), {
      swept: 1,
      announced: 0,
      copied: 0,
      unreadable: 1,
      left: 2,
    });
    assert.deepEqual(
      marks().map((mark) => [idOf(mark), mark.reason]),
      [
        ['w1', 'its history is gone'],
        ['w3', null],
      ],
    );
  });

  it('announce every part of an execution, copy its unanswered lists once, and mark it behind that', async () => {
    const order: string[] = [];
    pages('findEndedExecutions', [{ executions: executions(0, 2), next: null }]);
    paged.worker.instead.set(
      'findUnannounced',
      ({ execution, from }: { execution: { workflow_id: string }; from: number }) =>
        execution.workflow_id === 'w1'
          ? part([event('of w1')], null)
          : part([event(`from ${from}`)], from < 1_000 ? from + 500 : null, { slice: true }),
    );
    paged.worker.instead.set('publishEvents', ({ announce = [] }: BatchInput) => {
      order.push(...announce.map((one) => (one as { intent_id: string }).intent_id));
      return { results: [], announce: [] };
    });
    paged.worker.instead.set('copyUnanswered', () => {
      order.push('copied');
      return 3;
    });
    paged.worker.instead.set('markSwept', () => {
      order.push('marked');
      return 'marked';
    });
    const report = await paged.worker.execute('SweepExecutionsWorkflow');
    assert.deepEqual(report, { swept: 2, announced: 4, copied: 3, unreadable: 0, left: 0 });
    assert.deepEqual(
      order.filter((step) => step !== 'of w1'),
      ['from 0', 'from 500', 'from 1000', 'copied', 'marked'],
    );
  });

  it('leave an execution whose second part cannot be announced, unmarked', async () => {
    pages('findEndedExecutions', [{ executions: executions(0, 1), next: null }]);
    paged.worker.instead.set('findUnannounced', ({ from }: { from: number }) =>
      part([event(`from ${from}`)], from === 0 ? 500 : null, { slice: true }),
    );
    paged.worker.instead.set('publishEvents', ({ announce = [] }: BatchInput) => {
      if ((announce[0] as { intent_id: string }).intent_id !== 'from 0') throw ApplicationFailure.nonRetryable('no');
      return { results: [], announce: [] };
    });
    const report = await paged.worker.execute('SweepExecutionsWorkflow');
    assert.deepEqual(report, { swept: 0, announced: 1, copied: 0, unreadable: 0, left: 1 });
    assert.deepEqual([marks(), paged.worker.inputsOf('copyUnanswered')], [[], []]);
  });

  it('end with a sweep that is cancelled, and mark nothing of the page it is at', async () => {
    let entered: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (entered = resolve));
    pages('findEndedExecutions', [{ executions: executions(0, 1), next: null }]);
    let open: () => void = () => undefined;
    paged.worker.instead.set('findUnannounced', () => {
      entered();
      return new Promise(
        (resolve) =>
          (open = () => {
            resolve(part([], null));
          }),
      );
    });
    const execution = await paged.worker.start('SweepExecutionsWorkflow', []);
    await begun;
    await execution.cancel();
    try {
      await assert.rejects(execution.result());
    } finally {
      open();
    }
    assert.equal((await execution.describe()).status.name, 'CANCELLED');
    assert.deepEqual(marks(), []);
  });
});
