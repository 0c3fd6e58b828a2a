/**
 * This invariant says that whoever waits for the answer to an emitted list gets it. Each stored verdict is on the
 * INTENT_RESULT topic, or owed to it.
 */
import type { Verdict } from '../../src/domain/intake/list.js';
import { resultIdOf } from '../../src/domain/values/ids.js';
import type { Environment } from '../support/environment.js';
import { eventsOf } from './events.js';
import type { Execution } from './executions.js';
import type { TopicRecord } from '../support/records.js';

export async function checkResults(
  environment: Environment,
  _executions: readonly Execution[],
  records: readonly TopicRecord[],
): Promise<readonly string[]> {
  // The answer to another list under an event id is not stored.
  const told = eventsOf(environment, records, ['INTENT_RESULT']).filter(({ payload }) => !('conflict' in payload));
  const { rows } = await environment.pool.query<{ event_id: string; verdict: Verdict; owed: boolean }>(
    `SELECT event_id, verdict, EXISTS (
       SELECT FROM dead_letters WHERE redriven_at IS NULL AND position(told.event_id IN message_value) > 0
     ) AS owed
     FROM intake_verdicts told`,
  );
  return rows.flatMap(({ event_id, verdict, owed }) => {
    // Verdicts of earlier runs were told under other ids.
    const { rerun_at } = verdict;
    const ofList = told.filter(
      ({ causation_id, event_id: id }) =>
        causation_id?.toLowerCase() === event_id &&
        (rerun_at === undefined || id === resultIdOf(causation_id, rerun_at)),
    );
    const answers = [...new Set(ofList.map(({ payload }) => summaryOf(payload as unknown as Verdict)))];
    const stored = summaryOf(verdict);
    // Callers that share an execution get their reports from it.
    if (answers.length === 0)
      return owed || verdict.shared === true ? [] : [`list ${event_id} has a verdict, and nobody is told`];
    return answers.flatMap((answer) =>
      answer === stored ? [] : [`list ${event_id} is told as ${answer}, and stored as ${stored}`],
    );
  });
}

const summaryOf = ({ outcome, results }: Verdict): string =>
  JSON.stringify([outcome, results.map(({ intent_id, status }) => [intent_id, status])]);
