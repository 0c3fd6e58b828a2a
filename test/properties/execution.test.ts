/** The service as a whole against a model: random lists on the real servers. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pLimit from 'p-limit';
import type { Intent } from '../../src/client/index.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { type Draft, draft, names, type Names, rawOf, refusalOf } from './draft-lists.js';

const LISTS = 200;
const SIDE_BY_SIDE = 16;

interface Expectation {
  readonly outcome: 'completed' | 'partial';
  /** By input index. */
  readonly errors: readonly (RegExp | null)[];
  /** Totals by bridge_id: items, workflows. */
  readonly totals: Map<string, [items: number, workflows: number]>;
  /** Distinct transitions by workflow, by their count. */
  readonly transitions: Map<string, Set<number>>;
  readonly ledgerRows: number;
}

/** What the list must leave: every intent by hand, in any order, each id once. */
function modelOf(drafts: readonly Draft[], { keys }: Names): Expectation {
  const owners = new Map<number, Draft>();
  const totals: Expectation['totals'] = new Map();
  const transitions: Expectation['transitions'] = new Map();
  let ledgerRows = 0;
  const errors = drafts.map((given): RegExp | null => {
    if (given.damage !== undefined) return refusalOf(given.damage);
    const owner = given.id === undefined ? undefined : owners.get(given.id);
    if (owner !== undefined) {
      const same = owner.kind === given.kind && owner.key === given.key && owner.amount === given.amount;
      return same ? null : /^intent_id: expected an id of its own/;
    }
    if (given.id !== undefined) owners.set(given.id, given);
    ledgerRows += 1;
    const key = keys[given.key]!;
    if (given.kind === 'state') {
      const [items, workflows] = totals.get(key) ?? [0, 0];
      totals.set(key, [items + given.amount, workflows + given.amount + 1]);
    } else if (given.kind === 'transition') {
      transitions.set(key, (transitions.get(key) ?? new Set<number>()).add(given.amount + 1));
    }
    return null;
  });
  const outcome = errors.some((error) => error !== null) ? 'partial' : 'completed';
  return { outcome, errors, totals, transitions, ledgerRows };
}

describe('executions against a model (property)', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());

  it(`leaves the rows, ledger and outcomes of the model, for ${LISTS} lists`, async () => {
    const seed = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    // Priorities stay under the fail-fast priority, and wrong rows with them: every valid row runs.
    const lists = fc.sample(fc.array(draft(['state', 'transition', 'event']), { maxLength: 30 }), {
      seed,
      numRuns: LISTS,
    });
    const limit = pLimit(SIDE_BY_SIDE);
    let intents = 0;
    await Promise.all(
      lists.map((drafts, index) =>
        limit(async () => {
          intents += drafts.length;
          try {
            await checkList(environment, drafts);
          } catch (error) {
            const hint = `list ${index} of PROPERTY_SEED=${seed}: ${JSON.stringify(drafts)}`;
            throw new Error(`${hint}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
          }
        }),
      ),
    );
    assert.ok(intents > LISTS, `${intents} intents`);
  }).timeout(240_000);
});

async function checkList({ client, pool }: Environment, drafts: readonly Draft[]): Promise<void> {
  const named = names(randomUUID);
  const expected = modelOf(drafts, named);
  const report = await client.executeIntents(drafts.map((given) => rawOf(given, named)) as Intent[]);
  assert.equal(report.outcome, expected.outcome);
  assert.equal(report.results.length, drafts.length);
  report.results.forEach(({ status, error }, index) => {
    const refusal = expected.errors[index];
    assert.equal(status, refusal == null ? 'succeeded' : 'failed', `intents[${index}]: ${error}`);
    if (refusal != null) assert.match(error ?? '', refusal);
  });
  const keys = [named.keys];
  const [states, transitions, ledger] = await Promise.all([
    pool.query<{ bridge_id: string; items: number; workflows: number }>(
      `SELECT bridge_id, total_items_aggregated::int AS items, total_workflows_processed::int AS workflows
       FROM bridge_states WHERE bridge_id = ANY ($1::uuid[])`,
      keys,
    ),
    pool.query<{ entity_id: string; count: number }>(
      'SELECT entity_id, transition_count::int AS count FROM fsm_transitions WHERE entity_id = ANY ($1::uuid[])',
      keys,
    ),
    pool.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM executed_intents WHERE intent_id = ANY ($1::uuid[])',
      [report.results.map(({ intent_id }) => intent_id)],
    ),
  ]);
  assert.deepEqual(
    new Map(states.rows.map(({ bridge_id, items, workflows }) => [bridge_id, [items, workflows]])),
    expected.totals,
  );
  const rows = ({ entity_id, count }: { entity_id: string; count: number }): string => `${entity_id} ${count}`;
  assert.deepEqual(
    transitions.rows.map(rows).sort(),
    [...expected.transitions]
      .flatMap(([entity_id, counts]) => [...counts].map((count) => rows({ entity_id, count })))
      .sort(),
  );
  assert.equal(ledger.rows[0]?.count, expected.ledgerRows);
}
