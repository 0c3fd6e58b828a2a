/**
 * These activities serve `RecoverFsmStatesWorkflow` (ADR 0008): they bring states from the table to their topic, a page
 * at a time.
 */
import { activityInfo } from '@temporalio/activity';
import { type EventInput, makeEnvelope, toMessage } from '../../src/domain/events/envelope.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import { recoveredId } from '../../src/domain/values/ids.js';
import type { OutboundMessage, SendOutcome } from '../../src/domain/events/publisher.js';
import { recoverFsmStatesPayload, type RecoveredState } from '../../src/domain/intents/recover-fsm-states/schema.js';
import {
  addCounts,
  type RecoveredStateEvent,
  type RecoveryActivities,
  type RecoveryPage,
  type RecoverySummaryEvent,
} from '../../src/domain/recovery/recovery.js';
import { TWO_STORES_ATTEMPT_MS } from '../../src/domain/time-outs.js';
import type { Ports } from '../ports.js';
import { attempt } from '../attempts/attempt.js';
import type { OutageBudget } from '../attempts/outage-budget.js';
import { readInput } from '../parse-input.js';

/** The most states of a page. With envelopes of 1 KB they take some six produce requests, 0.3 s, and 5 MB of memory. */
const PAGE = 5_000;
/** The most bytes of JSON of a page's states, which limits pages of states with long metadata. */
const PAGE_BYTES = 8_000_000;

export function recoveryActivities(ports: Ports, budget: OutageBudget): RecoveryActivities {
  const { source, fsmStates, publisher } = ports;

  const messageOf = (event: Pick<EventInput, 'intentId' | 'payload' | 'correlationId' | 'partitionKey'>) =>
    toMessage(
      source.topicPrefix,
      makeEnvelope(source, {
        ...event,
        eventType: 'FSM_STATES_RECOVERED',
        timestamp: new Date(activityInfo().scheduledTimestampMs).toISOString(),
      }),
    );

  function stateMessage(recoveryId: string, workflowId: string, state: RecoveredState): OutboundMessage {
    const payload: RecoveredStateEvent = { kind: 'state', recovery_id: recoveryId, workflow_id: workflowId, ...state };
    const version = `${workflowId}/${state.epoch}/${state.transition_count}/${state.arrival}`;
    return messageOf({
      intentId: recoveredId(recoveryId, version),
      payload: { ...payload },
      correlationId: recoveryId,
      partitionKey: workflowId,
    });
  }

  return {
    emitFsmStates: (input) =>
      attempt(
        'postgres',
        budget,
        async (): Promise<RecoveryPage> => {
          const request = readInput(recoverFsmStatesPayload, { ...input, limit: PAGE });
          const page = await fsmStates.recover(request, PAGE_BYTES);
          const states = Object.entries(page.recovered_states);
          // The read has timed out before the first state. Taken for a page, its result would make the workflow ask
          // again, without a pause and without end.
          if (page.warning !== undefined && page.next_cursor !== null && states.length + page.failed === 0) {
            throw new EffectError('transient', page.warning);
          }
          const outcomes = await publisher.publish(
            states.map(([workflowId, state]) => stateMessage(request.recovery_id, workflowId, state)),
          );
          throwUnlessTooLarge(outcomes);
          const sent = states.filter((_, index) => outcomes[index]?.sent === true);
          return {
            emitted: sent.length,
            failed: page.failed + states.length - sent.length,
            by_state: addCounts(
              {},
              sent.map(([, { current_state }]) => [current_state, 1] as const),
            ),
            next_cursor: page.next_cursor,
            ...(page.warning === undefined ? {} : { warning: page.warning }),
          };
        },
        {},
        TWO_STORES_ATTEMPT_MS,
      ),
    emitRecoverySummary: (report) =>
      attempt('kafka', budget, async () => {
        const payload: RecoverySummaryEvent = { kind: 'summary', ...report };
        const message = messageOf({
          intentId: recoveredId(report.recovery_id, 'summary'),
          payload: { ...payload },
          correlationId: report.recovery_id,
          partitionKey: report.recovery_id,
        });
        throwUnlessTooLarge(await publisher.publish([message]));
      }),
  };
}

/**
 * Throws the first failure other than a message too large for its topic. Such a message is counted; after any other
 * failure the page is tried again.
 */
function throwUnlessTooLarge(outcomes: readonly SendOutcome[]): void {
  for (const outcome of outcomes) {
    if (!outcome.sent && outcome.error.failureClass !== 'invalid') throw outcome.error;
  }
}
