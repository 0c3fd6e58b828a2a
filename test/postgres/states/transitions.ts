/** This module writes the transitions of the tests, and reads what the database keeps of them. */
import assert from 'node:assert/strict';
import type { PersistFsmTransitionPayload } from '../../../src/domain/intents/persist-fsm-transition/schema.js';
import type { EffectOutcome } from '../../../src/domain/intents/command.js';
import type { FsmTransitionFields } from '../../../src/domain/intents/persist-state/store.js';
import { createFsmTransitionStore } from '../../../src/postgres/states/fsm-transition-store.js';
import { command, useDatabase } from '../support.js';

export const minute = (t: number): string => new Date(Date.UTC(2025, 9, 23, 10, t)).toISOString();

/** Returns a transition into state S<count>, or `to`, with count and minute. */
export const step = (
  workflow: string,
  count: number | null,
  t: number | null,
  to = `S${count}`,
): PersistFsmTransitionPayload => ({
  workflow_id: workflow,
  current_state: to,
  previous_state: count === null || count === 1 ? null : `S${count - 1}`,
  transition_count: count,
  timestamp: t === null ? null : minute(t),
});

export const resultOf = (outcome: EffectOutcome<FsmTransitionFields> | undefined): FsmTransitionFields => {
  assert.ok(outcome?.ok, JSON.stringify(outcome));
  return outcome.result;
};

export function useTransitions() {
  const database = useDatabase();
  const store = () => createFsmTransitionStore(database.pool);
  const insert = (...payloads: PersistFsmTransitionPayload[]) =>
    store().insert(payloads.map((payload) => command(payload)));
  const current = async (workflow: string) => {
    const { rows } = await database.pool.query<{ state: string; epoch: number; count: number }>(
      'SELECT current_state AS state, epoch, transition_count AS count FROM fsm_states WHERE workflow_id = $1',
      [workflow],
    );
    return rows.map(({ state, epoch, count }) => [state, epoch, count])[0];
  };
  const log = async (workflow: string) => {
    const { rows } = await database.pool.query<{ state: string; epoch: number; count: number }>(
      'SELECT to_state AS state, epoch, transition_count AS count FROM fsm_transitions WHERE entity_id = $1 ORDER BY sequence',
      [workflow],
    );
    return rows.map(({ state, epoch, count }) => [state, epoch, count]);
  };
  return { database, store, insert, current, log };
}
