/**
 * In these tests a topic does not take all of a recovery's page. The topic is a fake, because no broker refuses
 * messages on command.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ApplicationFailure } from '@temporalio/common';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';
import type { RecoveredState, RecoveredStates } from '../../../src/domain/intents/recover-fsm-states/schema.js';
import type { RecoveredStateEvent, RecoveryPage } from '../../../src/domain/recovery/recovery.js';
import { memoryActivities, type MemoryActivities } from '../../support/memory-activities.js';
import { memoryPorts } from '../../support/memory-ports.js';

const state: RecoveredState = {
  current_state: 'PROCESSING',
  previous_state: null,
  epoch: 1,
  transition_count: 1,
  arrival: 1,
  metadata: {},
  last_transition_at: '2026-01-01T00:00:00Z',
};
const PAGE: RecoveredStates = {
  recovered_states: { first: state, second: state, third: state },
  total_recovered: 3,
  failed: 0,
  truncated: false,
  next_cursor: null,
};

describe('a page of a recovery', () => {
  let worker: MemoryActivities;
  let page: RecoveredStates;
  beforeEach(() => {
    page = PAGE;
    worker = memoryActivities(memoryPorts({ fsmStates: { recover: () => Promise.resolve(page) } }));
  });

  const emit = () => worker.run<RecoveryPage>('emitFsmStates', { recovery_id: randomUUID(), cursor: null });
  const refuse = (workflow: string, failureClass: FailureClass): void => {
    worker.refuses = ({ key }) => (key === workflow ? new EffectError(failureClass, 'refused') : null);
  };
  const sent = (): string[] =>
    worker
      .eventsOf('FSM_STATES_RECOVERED')
      .map(({ payload }) => (payload as unknown as RecoveredStateEvent).workflow_id);

  for (const failureClass of ['unavailable', 'transient'] as const) {
    it(`is tried again after a failure of class ${failureClass}: none of its states is counted as failed`, async () => {
      refuse('second', failureClass);
      await assert.rejects(emit(), { type: failureClass, nonRetryable: false });
      worker.refuses = () => null;
      worker.sent.splice(0);
      const { emitted, failed } = await emit();
      assert.deepEqual([emitted, failed, sent()], [3, 0, ['first', 'second', 'third']]);
    });
  }

  it('is tried again after a pause when the store timed out before its first state', async () => {
    const nothing = { ...PAGE, recovered_states: {}, total_recovered: 0, truncated: true, next_cursor: 'same' };
    page = { ...nothing, warning: 'PostgreSQL timed out after 0 states' };
    await assert.rejects(emit(), (error: ApplicationFailure) => {
      assert.deepEqual([error.type, error.nonRetryable, error.message], ['transient', false, page.warning]);
      assert.ok(Number(error.nextRetryDelay) > 0, 'without a pause');
      return true;
    });
    assert.deepEqual(worker.calls.includes('publisher.publish'), false);
    // This page came to a state, if only to leave it out. Such a page has a new cursor, so that the recovery goes on.
    page = { ...page, failed: 1, warning: 'left out' };
    assert.deepEqual(await emit(), { emitted: 0, failed: 1, by_state: {}, next_cursor: 'same', warning: 'left out' });
  });

  it('counts a state as failed that is too large for its topic, and goes on behind it', async () => {
    refuse('second', 'invalid');
    const { emitted, failed, by_state } = await emit();
    assert.deepEqual([emitted, failed, by_state, sent()], [2, 1, { PROCESSING: 2 }, ['first', 'third']]);
  });
});
