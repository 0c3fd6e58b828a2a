/** These tests walk over the states while they move. The walk gives each workflow, as it is when its page is read. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PoolClient } from 'pg';
import { type RecoveredState, recoverFsmStatesPayload } from '../../src/domain/intents/recover-fsm-states/schema.js';
import { createFsmStateStore } from '../../src/postgres/recovery/fsm-state-store.js';
import { useDatabase } from '../postgres/support.js';
import { FsmModel, type Transition } from './fsm-model.js';

const CASES = 250;
/** Cases of the property that compares with the model. */
const MODEL_CASES = 100;
const WORKFLOWS = 12;

/** An action happens before a page is read. `workflow` is an index, and `restart` begins the workflow's count again. */
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

/** The time at which the model's minutes begin. */
const DAY = new Date().toISOString();

describe('a recovery of states that move', () => {
  const database = useDatabase({ foreignRows: 'transitions are written past the store' });

  /** Inserts the workflow's next transition, whatever its version is now. */
  const move = (connection: Pick<PoolClient, 'query'>, { workflow, restart }: Omit<Action, 'kind'>, to: string) =>
    connection.query(
      `INSERT INTO fsm_transitions (entity_id, entity_type, to_state, transition_event, transition_count, transition_at)
       VALUES ($1, 'workflow_execution', $2, 'x', $3, clock_timestamp())`,
      [idOf(workflow), to, restart ? 1 : null],
    );

  it(`gives each as it is, at least once, and once if it does not move, in ${CASES} walks`, async () => {
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
        const timesGiven = new Map<string, number>();
        const mayHaveMoved = new Set<string>();
        let moves = 0;
        let cursor: string | null = null;
        try {
          for (let page = 0; page === 0 || cursor !== null; page += 1) {
            for (const action of rounds[page] ?? []) {
              // A workflow whose state an open transaction has locked would wait for that transaction.
              if (open.some(({ workflow }) => workflow === action.workflow)) continue;
              if (action.kind === 'commit' || action.kind === 'rollback') {
                await end(action.kind === 'commit' ? 'COMMIT' : 'ROLLBACK');
                continue;
              }
              moves += 1;
              if (page > 0 || action.kind === 'open') mayHaveMoved.add(idOf(action.workflow));
              if (action.kind === 'move') {
                await move(database.pool, action, `S${moves}`);
              } else {
                const connection = await database.pool.connect();
                await connection.query('BEGIN');
                await move(connection, action, `S${moves}`);
                open.push({ connection, workflow: action.workflow });
              }
            }
            const request = recoverFsmStatesPayload.parse({ recovery_id: 'r', limit, cursor });
            const { recovered_states, next_cursor } = await store.recover(request, 1_000_000);
            const { rows } = await database.pool.query<{ workflow_id: string; current_state: string }>(
              'SELECT workflow_id, current_state FROM fsm_states',
            );
            const truth = new Map(rows.map(({ workflow_id, current_state }) => [workflow_id, current_state]));
            for (const [id, { current_state }] of Object.entries(recovered_states)) {
              assert.equal(current_state, truth.get(id));
              timesGiven.set(id, (timesGiven.get(id) ?? 0) + 1);
            }
            cursor = next_cursor;
            assert.ok(page <= WORKFLOWS / limit + 1, 'what moves makes a walk no longer than by its first page');
          }
        } finally {
          while (open.length > 0) await end('ROLLBACK');
        }
        assert.equal(timesGiven.size, WORKFLOWS);
        for (const [id, times] of timesGiven) assert.ok(times === 1 || (times === 2 && mayHaveMoved.has(id)), id);
      }),
      { numRuns: CASES },
    );
  }).timeout(180_000);

  /**
   * Returns a transition of a workflow, by its index. A workflow has three lives of four transitions, and each life
   * counts from 1.
   */
  const transitionAt = (workflow: number, place: number): Transition => ({
    workflow: idOf(workflow),
    count: (place % 4) + 1,
    at: place + 1,
    to: `S${place}`,
  });
  /**
   * Says whether a transition may arrive. One that has arrived may again, and the first of a later life comes before
   * its others.
   */
  const mayArrive = (arrived: ReadonlySet<number>, place: number): boolean =>
    place < 4 || arrived.has(place) || arrived.has(place % 4 === 0 ? place - 4 : place - (place % 4));

  it(`has all that an independent model has, with births, late and repeated arrivals, in ${MODEL_CASES} walks`, async () => {
    const store = createFsmStateStore(database.pool);
    const read = (limit: number, cursor: string | null) =>
      store.recover(recoverFsmStatesPayload.parse({ recovery_id: 'r', limit, cursor }), 1_000_000);
    const versionOf = (state: RecoveredState) => [state.current_state, state.epoch, state.transition_count];
    const modelled = (at: ReturnType<FsmModel['places']['get']>) => [at?.state, at?.epoch, at?.count];
    const arrivals = fc.array(
      fc.array(fc.record({ workflow: fc.nat(4), place: fc.nat(11) }), { minLength: 3, maxLength: 8 }),
      { minLength: 8, maxLength: 15 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), arrivals, async (limit, rounds) => {
        await database.pool.query('TRUNCATE fsm_states, fsm_transitions');
        const model = new FsmModel();
        const arrived = Array.from({ length: WORKFLOWS }, () => new Set<number>());
        const given = new Set<string>();
        let before: readonly string[] = [];
        let cursor: string | null = null;
        for (let page = 0; page === 0 || cursor !== null; page += 1) {
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
          if (page === 0) before = [...model.places.keys()];
          const { recovered_states, next_cursor } = await read(limit, cursor);
          for (const [id, state] of Object.entries(recovered_states)) {
            assert.deepEqual(versionOf(state), modelled(model.places.get(id)));
            given.add(id);
          }
          cursor = next_cursor;
        }
        assert.deepEqual(
          before.filter((id) => !given.has(id)),
          [],
          'left out',
        );
        const { recovered_states } = await read(100, null);
        assert.deepEqual(
          new Map(Object.entries(recovered_states).map(([id, state]) => [id, versionOf(state)])),
          new Map([...model.places].map(([id, at]) => [id, modelled(at)])),
        );
      }),
      { numRuns: MODEL_CASES },
    );
  }).timeout(180_000);
});
