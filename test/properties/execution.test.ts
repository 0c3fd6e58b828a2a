/**
 * These tests compare the service as a whole with a model. Random lists run on the real servers, with attempts that
 * fail.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pLimit from 'p-limit';
import { type AnyEffect, defineEffect } from '../../activities/effects/effect.js';
import { builtinEffects } from '../../activities/index.js';
import type { ExecuteOptions, Intent, IntentsReport } from '../../src/client/index.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import { type Draft, draft, type Names, names, rawOf } from './draft-lists.js';
import { modelOf } from './list-model.js';

const LISTS = 120;
/**
 * Lists that run at a time. They are many, because a list mostly waits for the second or two before another attempt.
 */
const SIDE_BY_SIDE = 32;

/** Failures say which attempts of a list's activities fail. */
interface Failures {
  /** Number of failing attempts by activity. It stays under the three that make a dead letter of an event. */
  readonly attempts: Record<string, number>;
  /** Whether the attempt has had its effect by then. */
  readonly afterEffect: boolean;
}

// Most lists have no failing attempt, because each costs a second or two.
const attempts = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 2) });
const failing: fc.Arbitrary<Failures> = fc.record({
  attempts: fc.record({ persistStates: attempts, persistFsmTransitions: attempts, publishEvents: attempts }),
  afterEffect: fc.boolean(),
});
// One kind in seven is `overflow`. So the model covers what a failure stops, and enough is left to run.
const kinds = ['state', 'transition', 'event'] as const;
const list = fc.record({
  drafts: fc.array(draft([...kinds, ...kinds, 'overflow']), { maxLength: 30 }),
  drawn: failing,
});

for (const share of ['never', 'auto'] as const) {
  describe(`executions against a model (property), share ${share}`, () => {
    let environment: Environment;
    /** Attempts that are still to fail, by request id. */
    const ahead = new Map<string, Failures>();
    /** Number of copies of an event that may be on its topic, by the list's request id. */
    const timesAllowed = new Map<string, number>();
    let injected = 0;
    /** The most intents of one id in a list. A retried batch of a shared execution announces each of them. */
    const namesakes = new Map<string, number>();
    const allowed = (requestId: string): number =>
      (timesAllowed.get(requestId) ?? 1) * (share === 'auto' ? (namesakes.get(requestId) ?? 1) : 1);

    const withFailures = (effect: AnyEffect): AnyEffect =>
      defineEffect(effect.definition, (ports) => {
        const execute = effect.create(ports);
        const { activity } = effect.definition;
        return async (batch) => {
          // A batch of lists that share an execution fails when an attempt of any of them is to fail.
          const lists = new Set([batch.correlationId, ...batch.commands.map(({ correlation_id }) => correlation_id)]);
          const due = [...lists].map((id) => ahead.get(id)).find((one) => (one?.attempts[activity] ?? 0) > 0);
          if (due === undefined) return execute(batch);
          due.attempts[activity] = (due.attempts[activity] ?? 0) - 1;
          injected += 1;
          if (due.afterEffect) {
            await execute(batch);
            for (const { correlation_id } of batch.announce)
              if (correlation_id !== undefined) lists.add(correlation_id);
            for (const id of lists) timesAllowed.set(id, (timesAllowed.get(id) ?? 1) + 1);
          }
          throw new EffectError('transient', 'an injected failure');
        };
      });

    /** Key of the one row that has no room left, whatever is added to it. */
    const full = randomUUID();
    before(async () => {
      environment = await createEnvironment({
        effects: builtinEffects.map(withFailures),
        except: { once: 'attempts fail behind their effect, and announce again' },
      });
      await environment.pool.query(
        `INSERT INTO bridge_states (bridge_id, namespace, total_workflows_processed, current_fsm_state)
       VALUES ($1, 'property', 9223372036854775807, 'FULL')`,
        [full],
      );
    });
    after(() => environment.close());

    it(`leaves the rows, ledger, events and outcomes of the model, for ${LISTS} lists`, async () => {
      const seed = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
      const limit = pLimit(SIDE_BY_SIDE);
      const outcomes = new Map<string, number>();
      const events = new Set<string>();
      const failures: string[] = [];
      await Promise.all(
        fc.sample(list, { seed, numRuns: LISTS }).map(({ drafts, drawn }, index) =>
          limit(async () => {
            const requestId = randomUUID();
            namesakes.set(requestId, mostNamesakes(drafts));
            ahead.set(requestId, { ...drawn, attempts: { ...drawn.attempts } });
            try {
              const expected = await checkList(environment, { requestId, share }, drafts, full);
              outcomes.set(expected.outcome, (outcomes.get(expected.outcome) ?? 0) + 1);
              for (const event of expected.events) events.add(event);
            } catch (error) {
              failures.push(`list ${index}: ${JSON.stringify({ drafts, drawn })}\n${String(error)}`);
            }
          }),
        ),
      );
      assert.deepEqual(failures, [], `PROPERTY_SEED=${seed}`);
      const read = await readEvents(environment, [
        'NODE_HEARTBEAT',
        'STATE_PERSISTED',
        'FSM_STATE_TRANSITIONED',
        'OPERATION_FAILED',
      ]);
      const found = new Set(
        read.map(({ envelope }) => `${String(envelope.metadata['intent_id'])} ${envelope.event_type}`),
      );
      const missing = [...events].filter((event) => !found.has(event));
      const unexpected = [...found].filter((event) => !events.has(event));
      assert.deepEqual({ missing, unexpected }, { missing: [], unexpected: [] }, `PROPERTY_SEED=${seed}`);
      assert.equal(new Set(read.map(({ envelope }) => envelope.event_id)).size, events.size, 'one event id each');
      const times = new Map<string, number>();
      for (const { envelope } of read) times.set(envelope.event_id, (times.get(envelope.event_id) ?? 0) + 1);
      const tooOften = read.filter(
        ({ envelope }) => times.get(envelope.event_id)! > allowed(envelope.correlation_id ?? ''),
      );
      assert.deepEqual(tooOften, [], `told more often than attempts failed behind the effect; PROPERTY_SEED=${seed}`);
      const { rows } = await environment.pool.query<{ workflows: string }>(
        'SELECT total_workflows_processed::text AS workflows FROM bridge_states WHERE bridge_id = $1',
        [full],
      );
      assert.deepEqual(rows, [{ workflows: '9223372036854775807' }]);
      for (const outcome of ['completed', 'partial', 'failed']) {
        assert.ok((outcomes.get(outcome) ?? 0) > LISTS / 20, `${outcome}: ${outcomes.get(outcome)} lists`);
      }
      assert.ok(injected > LISTS / 4, `${injected} attempts failed`);
    }).timeout(240_000);
  });
}

async function checkList({ client, pool }: Environment, how: ExecuteOptions, drafts: readonly Draft[], full: string) {
  const named = names(randomUUID, full);
  const report = await client.executeIntents(drafts.map((given) => rawOf(given, named)) as Intent[], how);
  const expected = modelOf(drafts, named, (index) => report.results[index]?.intent_id);
  assert.equal(report.outcome, expected.outcome);
  assert.equal(report.results.length, drafts.length);
  assertIds(report, drafts, named);
  report.results.forEach(({ status, error }, index) => {
    const end = expected.ends[index]!;
    assert.equal(status, end.status, `intents[${index}]: ${error}`);
    if (end.error !== null) assert.match(error ?? '', end.error);
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
    pool.query<{ intent_id: string; intent_type: string }>(
      'SELECT intent_id, intent_type FROM executed_intents WHERE given_up_by IS NULL AND intent_id = ANY ($1::uuid[])',
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
  assert.deepEqual(new Set(ledger.rows.map(({ intent_id }) => intent_id)), expected.ledger);
  // Only the successful result of an id names the type in the ledger. Another intent under the id is rejected.
  const done = report.results.filter(({ success }) => success);
  const types = new Map(done.map(({ intent_id, intent_type }) => [intent_id, intent_type]));
  for (const { intent_id, intent_type } of ledger.rows) assert.equal(intent_type, types.get(intent_id));
  return expected;
}

/** Asserts that a given id is kept, and that derived ids differ. The model goes by the ids of the report. */
function assertIds({ results }: IntentsReport, drafts: readonly Draft[], { ids }: Names): void {
  const derived: string[] = [];
  drafts.forEach(({ id, damage }, index) => {
    const { intent_id } = results[index]!;
    if (id === undefined) derived.push(intent_id);
    else if (damage === undefined) assert.equal(intent_id, ids[id], `intents[${index}]`);
  });
  assert.equal(new Set(derived).size, derived.length, 'two intents have one derived id');
}

/** Returns how many intents of a list have the same id, at most. */
function mostNamesakes(drafts: readonly Draft[]): number {
  const counts = new Map<string | number, number>();
  for (const { id } of drafts) if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  return Math.max(1, ...counts.values());
}
