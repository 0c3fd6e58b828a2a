/** These tests ask for verdicts that are too large for one answer. An answer is a payload, which holds 2 MB. */
import assert from 'node:assert/strict';
import { jsonBytes } from '../../../src/domain/values/limits.js';
import type { FoundVerdicts } from '../../../src/domain/intake/slice.js';
import type { Verdict } from '../../../src/domain/intake/list.js';
import { memoryActivities } from '../../support/memory-activities.js';

describe('what was stored about lists', () => {
  /** Asks until nothing is left, as a caller does. */
  async function ask(verdicts: readonly Verdict[]): Promise<{ answers: FoundVerdicts[]; heard: string[] }> {
    const worker = memoryActivities();
    for (const verdict of verdicts) worker.verdicts.set(verdict.event_id, verdict);
    const answers: FoundVerdicts[] = [];
    for (let event_ids = verdicts.map(({ event_id }) => event_id); event_ids.length > 0;) {
      assert.ok(answers.length < 10, 'asked without end');
      const answer = await worker.run<FoundVerdicts>('findVerdicts', { event_ids });
      answers.push(answer);
      event_ids = [...answer.left];
    }
    return { answers, heard: answers.flatMap((answer) => answer.verdicts.map(({ event_id }) => event_id)) };
  }
  const verdictOf = (event_id: string, bytes: number): Verdict => ({
    event_id,
    correlation_id: 'c',
    request_id: event_id,
    workflow_id: 'w',
    outcome: 'failed',
    counts: {},
    results: [],
    truncated: false,
    error: 'x'.repeat(bytes),
  });

  it('gets each of them, in answers that a payload holds', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const { answers, heard } = await ask(ids.map((id) => verdictOf(id, 700_000)));
    assert.deepEqual(heard, ids);
    for (const { verdicts } of answers) assert.ok(jsonBytes(verdicts) < 2_000_000);
  });

  it('gets also one that is larger than an answer', async () => {
    assert.deepEqual((await ask([verdictOf('large', 1_600_000), verdictOf('small', 1)])).heard, ['large', 'small']);
  });
});
