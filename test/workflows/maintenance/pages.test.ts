/** Workflows that go page by page: the second page, the second part, and the run after this one; on the real server. */
import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import type { BatchInput } from '../../../src/domain/execution/batch.js';
import type { SweptMark } from '../../../src/domain/sweep/sweep.js';
import { createMemoryWorker, type MemoryWorker } from '../../support/memory-worker.js';

/** Three pages that bring this are more history than a run is to have: the server suggests another from 4 MB. */
const PADDING = 'x'.repeat(1_500_000);

describe('pages', () => {
  let worker: MemoryWorker;
  before(async () => {
    worker = await createMemoryWorker();
  });
  after(() => worker.close());
  beforeEach(() => {
    worker.reset();
  });

  /** Answers of an activity, by page; asking for more fails, so that no mistake goes on for ever. */
  function pages(activity: string, answers: readonly object[]): void {
    let asked = 0;
    worker.instead.set(activity, () => {
      const answer = answers[asked];
      asked += 1;
      if (answer === undefined) throw ApplicationFailure.nonRetryable(`${activity}: ${asked} pages`);
      return answer;
    });
  }
  const fieldsOf = (activity: string, ...names: readonly string[]) =>
    worker.inputsOf(activity).map((input) => names.map((name) => (input as Record<string, unknown>)[name]));
  /** Runs that an execution took. */
  async function runs(workflow: string, ...args: readonly unknown[]) {
    const execution = await worker.start(workflow, args);
    const result: unknown = await execution.result();
    const { runId } = await execution.describe();
    const first = await execution.fetchHistory();
    return {
      result,
      continued: runId !== first.events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId,
    };
  }

  it('of a redrive follow one another, in one run or in several, and are added up', async () => {
    for (const padding of ['', PADDING]) {
      worker.reset();
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
    assert.deepEqual(await worker.execute('RedriveDeadLettersWorkflow', {}), {
      redriven: 2,
      failed: 0,
      behind: 0,
      stopped: 'no broker',
    });
  });

  it('of a prune go by the first one’s time, in one run or in several, and are added up', async () => {
    for (const padding of ['', PADDING]) {
      worker.reset();
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

  describe('of a sweep', () => {
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
    const marks = (): SweptMark[] => (worker.inputsOf('markSwept') as readonly SweptMark[][]).flat();
    const idOf = ({ execution }: SweptMark) => execution.workflow_id;
    const sweepNothing = () => {
      worker.instead.set('markSwept', () => 'marked');
      worker.instead.set('copyUnanswered', () => 1);
      worker.instead.set('findUnannounced', () => part([], null));
    };
    beforeEach(sweepNothing);

    it('follow one another, in one run or in several: each execution is swept and marked once', async () => {
      for (const padding of ['', PADDING]) {
        worker.reset();
        sweepNothing();
        // A page is swept ten at a time.
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
      worker.instead.set('findUnannounced', ({ execution }: { execution: { workflow_id: string } }) => {
        if (execution.workflow_id === 'w1') return { reason: 'its history is gone' };
        if (execution.workflow_id !== 'w3') throw ApplicationFailure.nonRetryable('no');
        return part([], null);
      });
      assert.deepEqual(await worker.execute('SweepExecutionsWorkflow'), {
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
      worker.instead.set(
        'findUnannounced',
        ({ execution, from }: { execution: { workflow_id: string }; from: number }) =>
          execution.workflow_id === 'w1'
            ? part([event('of w1')], null)
            : part([event(`from ${from}`)], from < 1_000 ? from + 500 : null, { slice: true }),
      );
      worker.instead.set('publishEvents', ({ announce = [] }: BatchInput) => {
        order.push(...announce.map((one) => (one as { intent_id: string }).intent_id));
        return { results: [], announce: [] };
      });
      worker.instead.set('copyUnanswered', () => {
        order.push('copied');
        return 3;
      });
      worker.instead.set('markSwept', () => {
        order.push('marked');
        return 'marked';
      });
      const report = await worker.execute('SweepExecutionsWorkflow');
      assert.deepEqual(report, { swept: 2, announced: 4, copied: 3, unreadable: 0, left: 0 });
      assert.deepEqual(
        order.filter((step) => step !== 'of w1'),
        ['from 0', 'from 500', 'from 1000', 'copied', 'marked'],
      );
    });

    it('leave an execution whose second part cannot be announced, unmarked', async () => {
      pages('findEndedExecutions', [{ executions: executions(0, 1), next: null }]);
      worker.instead.set('findUnannounced', ({ from }: { from: number }) =>
        part([event(`from ${from}`)], from === 0 ? 500 : null, { slice: true }),
      );
      worker.instead.set('publishEvents', ({ announce = [] }: BatchInput) => {
        if ((announce[0] as { intent_id: string }).intent_id !== 'from 0') throw ApplicationFailure.nonRetryable('no');
        return { results: [], announce: [] };
      });
      const report = await worker.execute('SweepExecutionsWorkflow');
      assert.deepEqual(report, { swept: 0, announced: 1, copied: 0, unreadable: 0, left: 1 });
      assert.deepEqual([marks(), worker.inputsOf('copyUnanswered')], [[], []]);
    });

    it('end with a sweep that is cancelled, and mark nothing of the page it is at', async () => {
      let entered: () => void = () => undefined;
      const begun = new Promise<void>((resolve) => (entered = resolve));
      pages('findEndedExecutions', [{ executions: executions(0, 1), next: null }]);
      let open: () => void = () => undefined;
      worker.instead.set('findUnannounced', () => {
        entered();
        return new Promise(
          (resolve) =>
            (open = () => {
              resolve(part([], null));
            }),
        );
      });
      const execution = await worker.start('SweepExecutionsWorkflow', []);
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
});
