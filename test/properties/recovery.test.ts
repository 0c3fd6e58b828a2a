/** A walk over the states while they move: whoever applies its pages has the true states in the end. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PoolClient } from 'pg';
import { isNewer } from '../../src/domain/recovery/newer.js';
import { type RecoveredState, recoverFsmStatesPayload } from '../../src/domain/intents/recover-fsm-states/schema.js';
import { createFsmStateStore } from '../../src/postgres/recovery/fsm-state-store.js';
import { useDatabase } from '../postgres/support.js';
import { FsmModel, type Transition } from './fsm-model.js';

const CASES = 250;
/** Of those against the model. */
const MODEL_CASES = 100;
const WORKFLOWS = 12;

/** What happens before a page is read; `workflow` is an index, `restart` begins its count again. */
interface Action {
  readonly kind: 'move' | 'open' | 'commit' | 'rollback';
  readonly workflow: number;
  readonly restart: boolean;
}

const actions = fc.array(
  fc.array(
    fc.record<Action>({
      kind: fc.constantFrom('move', 'move', 'open', 'commit', 'rollback'),
      workflow: fc.integer({ min: 0, max: WORKFLOWS - 1 }),
      restart: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  { maxLength: 25 },
);

const idOf = (workflow: number): string => `00000000-0000-4000-8000-${String(workflow).padStart(12, '0')}`;

/** When the model's minutes begin. */
const DAY = new Date().toISOString();

describe('a recovery of states that move', () => {
  const database = useDatabase({ foreignRows: 'transitions are written past the store' });

  /** The workflow's next transition, whatever its place now is. */
  const move = (connection: Pick<PoolClient, 'query'>, { workflow, restart }: Omit<Action, 'kind'>, to: string) =>
    connection.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_count, transition_at)
       VALUES ($1, 'workflow_execution', $2, 'x', $3, clock_timestamp())`,
      [idOf(workflow), to, restart ? 1 : null],
    );

  it(`is complete, and ends in the true state of each, in ${CASES} walks`, async () => {
    const store = createFsmStateStore(database.pool);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 7 }), actions, async (limit, rounds) => {
        await database.pool.query('TRUNCATE fsm_states, fsm_transitions');
        for (let workflow = 0; workflow < WORKFLOWS; workflow += 1) {
          await move(database.pool, { workflow, restart: false }, 'START');
        }
        const open: { connection: PoolClient; workflow: number }[] = [];
        const end = async (how: 'COMMIT' | 'ROLLBACK') => {
          const first = open.shift();
          if (first === undefined) return;
          await first.connection.query(how);
          first.connection.release();
        };
        const consumer = new Map<string, RecoveredState>();
        let moves = 0;
        let cursor: string | null = null;
        try {
          for (let page = 0; ; page += 1) {
            for (const action of rounds[page] ?? []) {
              // Whose state is locked by an open transaction would wait for it.
              if (open.some(({ workflow }) => workflow === action.workflow)) continue;
              if (action.kind === 'commit' || action.kind === 'rollback') {
                await end(action.kind === 'commit' ? 'COMMIT' : 'ROLLBACK');
                continue;
              }
              moves += 1;
              if (action.kind === 'move') {
                await move(database.pool, action, `S${moves}`);
              } else {
                const connection = await database.pool.connect();
                await connection.query('BEGIN');
                await move(connection, action, `S${moves}`);
                open.push({ connection, workflow: action.workflow });
              }
            }
            // An open transaction keeps a walk from its end.
            if (page >= rounds.length) while (open.length > 0) await end('COMMIT');
            const request = recoverFsmStatesPayload.parse({ recovery_id: 'r', limit, cursor });
            const { recovered_states, next_cursor } = await store.recover(request, 1_000_000);
            for (const [id, state] of Object.entries(recovered_states)) {
              const known = consumer.get(id);
              if (known === undefined || isNewer(state, known)) consumer.set(id, state);
            }
            cursor = next_cursor;
            if (cursor === null) break;
            assert.ok(page < 500, 'the walk does not end');
          }
        } finally {
          while (open.length > 0) await end('ROLLBACK');
        }
        const { rows } = await database.pool.query<{ workflow_id: string; current_state: string }>(
          'SELECT workflow_id, current_state FROM fsm_states ORDER BY workflow_id',
        );
        assert.deepEqual(
          rows.map(({ workflow_id }) => [workflow_id, consumer.get(workflow_id)?.current_state]),
          rows.map(({ workflow_id, current_state }) => [workflow_id, current_state]),
        );
        assert.equal(consumer.size, WORKFLOWS);
      }),
      { numRuns: CASES },
    );
  }).timeout(180_000);

  /** Of a workflow: three lives of four transitions, the count of each from 1. */
  const transitionAt = (workflow: number, place: number): Transition => ({
    workflow: idOf(workflow),
    count: (place % 4) + 1,
    at: place + 1,
    to: `S${place}`,
  });
  /** Which may arrive: again those that have, and of a later life its first before its others. */
  const mayArrive = (arrived: ReadonlySet<number>, place: number): boolean =>
    place < 4 || arrived.has(place) || arrived.has(place % 4 === 0 ? place - 4 : place - (place % 4));

  it(`has all that an independent model has, with births, late and repeated arrivals, in ${MODEL_CASES} walks`, async () => {
    const store = createFsmStateStore(database.pool);
    const arrivals = fc.array(
      fc.array(fc.record({ workflow: fc.nat(4), place: fc.nat(11) }), { minLength: 3, maxLength: 8 }),
      { minLength: 8, maxLength: 15 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), arrivals, async (limit, rounds) => {
        await database.pool.query('TRUNCATE fsm_states, fsm_transitions');
        const model = new FsmModel();
        const arrived = Array.from({ length: WORKFLOWS }, () => new Set<number>());
        const consumer = new Map<string, RecoveredState>();
        let cursor: string | null = null;
        for (let page = 0; ; page += 1) {
          for (const { workflow, place } of rounds[page] ?? []) {
            const known = arrived[workflow];
            if (known === undefined || !mayArrive(known, place)) continue;
            known.add(place);
            const transition = transitionAt(workflow, place);
            model.arrive(transition);
            await database.pool.query(
              `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_count,
                 transition_at, intent_id)
               VALUES ($1, 'workflow_execution', $2, 'x', $3, $5::timestamptz + $4 * INTERVAL '1 min',
                 gen_random_uuid())
               ON CONFLICT DO NOTHING`,
              [transition.workflow, transition.to, transition.count, transition.at, DAY],
            );
          }
          const request = recoverFsmStatesPayload.parse({ recovery_id: 'r', limit, cursor });
          const { recovered_states, next_cursor } = await store.recover(request, 1_000_000);
          for (const [id, state] of Object.entries(recovered_states)) {
            const before = consumer.get(id);
            if (before === undefined || isNewer(state, before)) consumer.set(id, state);
          }
          cursor = next_cursor;
          if (cursor === null) break;
          assert.ok(page < 500, 'the walk does not end');
        }
        assert.deepEqual(
          new Map([...consumer].map(([id, at]) => [id, [at.current_state, at.epoch, at.transition_count]])),
          new Map([...model.places].map(([id, at]) => [id, [at.state, at.epoch, at.count]])),
        );
      }),
      { numRuns: MODEL_CASES },
    );
  }).timeout(180_000);
});
