/** This module does once all that a worker, the CLI and a router do in the database. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Answer } from '../../../src/domain/intake/ports.js';
import { recoverFsmStatesPayload } from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { type Pool, withConnection } from '../../../src/postgres/core/pool.js';
import { findEmitted } from '../../../src/postgres/intake/emitted-lists.js';
import { createPostgresPorts } from '../../../src/postgres/ports.js';
import { createRolloutStore } from '../../../src/postgres/rollout/rollout-store.js';
import { encodingProblem } from '../../../src/postgres/schema/encoding.js';
import { pendingMigrations } from '../../../src/postgres/schema/pending-migrations.js';
import { checkStates } from '../../../src/postgres/states/state-check.js';
import { broker, letter } from '../dead-letters/letters.js';
import { step } from '../states/transitions.js';
import { command, MIGRATIONS } from '../support.js';

const HASH = 'ab'.repeat(32);

const answerOf = (event_id: string): Answer => ({
  list_hash: HASH,
  list: { event_id, correlation_id: null, emitted_at: '2026-11-01T00:00:00.000Z', intents: [{}] },
  verdict: {
    ...{ event_id, correlation_id: event_id, request_id: event_id, workflow_id: 'w' },
    ...{ outcome: 'partial', counts: { failed: 1 }, results: [], truncated: false },
  },
});

const record = (intent_id: string) => ({
  ...{ intent_id, intent_type: 'PublishEvent', payload_hash: HASH, execution_id: 'test/run', result: {} },
});

/** The operations by name. Each is a statement or a transaction of its own, and leaves rows that are valid. */
export function operationsOf(pool: Pool): Readonly<Record<string, () => Promise<unknown>>> {
  const ports = createPostgresPorts(pool, { retentionDays: 1, fsmRetentionDays: 1 });
  const rollout = createRolloutStore(pool);
  const [event, parked, workflow, bridge] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const message = letter(1).message;
  const persisted = () =>
    ports.bridgeStates.persist([
      command({
        aggregation_id: bridge,
        aggregated_data: { ns: { total_stamps: 1, unique_workflows_count: 1 } },
        fsm_states: {},
        timestamp: null,
      }),
    ]);
  return {
    encoding: async () => assert.equal(await withConnection(pool, encodingProblem), null),
    migrations: async () => assert.deepEqual(await pendingMigrations(pool, MIGRATIONS), []),
    'persist a state': persisted,
    'persist it again': persisted,
    'insert a transition': () => ports.fsmTransitions.insert([command(step(workflow, 1, 1))]),
    'insert two at once': () =>
      ports.fsmTransitions.insert([command(step(workflow, 2, 2)), command(step(workflow, 2, 2))]),
    'recover states': () =>
      ports.fsmStates.recover(
        recoverFsmStatesPayload.parse({ recovery_id: randomUUID(), request_all_workflows: true, with_total: true }),
        100_000,
      ),
    'find in the ledger': () => ports.ledger.find([randomUUID()]),
    'record in the ledger': () => ports.ledger.record([record(randomUUID())]),
    'give up': async () => {
      const { result: _result, ...given } = record(randomUUID());
      await ports.ledger.giveUp([{ ...given, error: 'e', error_code: 'c' }]);
    },
    'look for open letters': () => ports.deadLetters.blocked([message]),
    'add a letter': () => ports.deadLetters.add([letter(1)], [record(randomUUID())]),
    'mark a copy': () => ports.deadLetters.copied([randomUUID()]),
    'list letters': () => ports.deadLetters.list({}, 0, 10),
    redrive: () => ports.deadLetters.redrive({}, 0, 10, broker().outlet),
    'prune the ledger': () => ports.retention.prune(null, null),
    'size of the ledger': () => ports.retention.size(),
    'pruned before': () => ports.retention.prunedBefore(),
    'prune transitions': () => ports.fsmRetention.prune(null, null),
    'size of the transitions': () => ports.fsmRetention.size(),
    'mark a swept execution': () => ports.sweptExecutions.mark([{ execution_id: randomUUID(), reason: null }]),
    unswept: () => ports.sweptExecutions.unswept([randomUUID()]),
    'store a verdict': () => ports.verdicts.store([answerOf(event)]),
    'unfinished list': () => ports.verdicts.unfinished(event),
    'parked keys': () => ports.parkedLists.findKeys('p', ['k']),
    park: () =>
      ports.parkedLists.park('p', [
        { list: { event_id: parked, correlation_id: null, intents: [{}] }, keys: ['k'], list_hash: HASH },
      ]),
    'page of parked lists': () => ports.parkedLists.page('p', 0),
    'remove a parked list': () => ports.parkedLists.remove([parked]),
    'find emitted lists': () => findEmitted(pool, event),
    'set the share': () => rollout.set(100, 'test', 'me'),
    'route a list': () => rollout.route(randomUUID(), 1, { mayBeNew: true }),
    'record an outcome': () =>
      rollout.record([
        {
          ...{ path: 'legacy', durationMs: 1, intents: 1, errors: 0, publishes: 0, publishFailures: 0 },
          ...{ databaseFailure: false, revision: 1 },
        },
      ]),
    'show the rollout': async () => [await rollout.state(), await rollout.window('legacy', 1_000)],
    'keep the baseline': () => rollout.keepBaseline(1),
    'roll back': async () => rollout.rollBack((await rollout.state()).revision, 'test', 'me'),
    'repair a state': async () => {
      await pool.query("UPDATE fsm_states SET current_state = 'WRONG' WHERE workflow_id = $1", [workflow]);
      assert.ok((await checkStates(pool, { fix: true })).repaired > 0);
    },
  };
}
