/** These tests compare the planner with a model, without servers. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { v5 as uuidv5 } from 'uuid';
import { makePlan, type Plan } from '../../src/domain/execution/plan.js';
import { parseRequest } from '../../src/domain/execution/request.js';
import { definitions } from '../support/definitions.js';
import { type Draft, draft, names, type Names, priorityOf, rawOf, refusalsOf } from './draft-lists.js';

/** Cases of each property; `npm run test:fast` draws fewer. */
const CASES = Number(process.env['PROPERTY_CASES'] ?? 400);
/**
 * Cases of the property about lanes. They are 500 at least, because one list in fifty is long enough to be spread over
 * several lanes.
 */
const CASES_OF_LANES = Math.max(CASES, 500);
const NAMESPACE = 'e3b0f4d2-6f5e-4a87-9f0c-5ad7c7a6c1de';

/** Returns names that are the same in every case, so that a failure can be run again from its seed. */
const fixedNames = (): Names => {
  let count = 0;
  return names(() => uuidv5(String((count += 1)), NAMESPACE));
};

const TYPES = {
  state: 'PersistState',
  transition: 'PersistFSMTransition',
  event: 'PublishEvent',
  recover: 'RecoverFSMStates',
  overflow: 'PersistState',
} as const;

/**
 * Returns what a reader of the design expects of each intent: whether it runs, in which tier, or why it is rejected.
 */
function modelOf(drafts: readonly Draft[]) {
  const refusals = refusalsOf(drafts);
  return drafts.map((given, index) => {
    const refusal = refusals[index] ?? null;
    return { valid: refusal === null, priority: priorityOf(given), refusal };
  });
}

const lists = fc.array(draft(['state', 'transition', 'event', 'recover']), { maxLength: 50, size: 'max' });

/**
 * Returns raw intents that follow from their drafts alone. Payloads of one draft differ in random fields of
 * `support/intents.ts`.
 */
const rawsOf = (drafts: readonly Draft[]): unknown[] => {
  const fixed = fixedNames();
  return drafts.map((given) => rawOf(given, fixed));
};

const plan = (intents: unknown[], requestId = 'r', failFastPriority = 100): Plan =>
  makePlan(parseRequest({ intents, request_id: requestId, options: { failFastPriority } }), 'w', definitions);

describe('makePlan against a model (property)', () => {
  const check = (predicate: (drafts: Draft[]) => void, numRuns = CASES): void =>
    fc.assert(fc.property(lists, predicate), { numRuns });

  it('plans every valid intent exactly once, and names what is wrong with each other one', () => {
    check((drafts) => {
      const made = plan(rawsOf(drafts));
      const planned = made.tiers.flatMap(({ lanes }) =>
        lanes.flatMap(({ chunks }) => chunks.flatMap((c) => c.indexes)),
      );
      const model = modelOf(drafts);
      assert.deepEqual(
        [...planned].sort((a, b) => a - b),
        model.flatMap(({ valid }, index) => (valid ? [index] : [])),
      );
      made.intents.forEach(({ rejected }, index) => {
        const { refusal } = model[index]!;
        if (refusal === null) assert.equal(rejected, undefined);
        else assert.match(rejected ?? '', refusal);
      });
    });
  });

  it('runs higher tiers first, an intent in the tier of its priority and a lane of its type', () => {
    check((drafts) => {
      const { tiers } = plan(rawsOf(drafts));
      const priorities = tiers.map(({ priority }) => priority);
      assert.deepEqual(
        priorities,
        [...new Set(priorities)].sort((a, b) => b - a),
      );
      const model = modelOf(drafts);
      for (const { priority, lanes } of tiers) {
        for (const { activity, chunks } of lanes) {
          for (const index of chunks.flatMap(({ indexes }) => indexes)) {
            assert.equal(model[index]!.priority, priority);
            assert.equal(definitions.get(TYPES[drafts[index]!.kind])?.activity, activity);
          }
        }
      }
    });
  });

  it('keeps the order of a key in one lane of its tier, and the limits of a chunk', () => {
    // The limits are so small that lists of 50 need several lanes and chunks.
    const limits = { count: 5, bytes: 2_500 };
    const tight = new Map([...definitions].map(([type, definition]) => [type, { ...definition, limits }] as const));
    let lanesSeen = 0;
    check((drafts) => {
      const raws = rawsOf(drafts);
      const request = parseRequest({ intents: raws, request_id: 'r', options: { failFastPriority: 100 } });
      for (const { lanes } of makePlan(request, 'w', tight).tiers) {
        const laneOfKey = new Map<string, number>();
        lanesSeen = Math.max(lanesSeen, lanes.length);
        lanes.forEach(({ chunks }, lane) => {
          const order = chunks.flatMap(({ indexes }) => indexes);
          assert.deepEqual(
            order,
            [...order].sort((a, b) => a - b),
            'a lane is in input order',
          );
          for (const index of order) {
            const key = `${drafts[index]!.kind} ${drafts[index]!.key}`;
            assert.equal(laneOfKey.get(key) ?? lane, lane, `${key} is in one lane`);
            laneOfKey.set(key, lane);
          }
          for (const { indexes } of chunks) {
            assert.ok(indexes.length > 0 && indexes.length <= limits.count, `${indexes.length} in a chunk`);
            const bytes = indexes.reduce((sum, index) => sum + Buffer.byteLength(JSON.stringify(raws[index])), 0);
            assert.ok(indexes.length === 1 || bytes <= limits.bytes, `${bytes} bytes in a chunk`);
          }
        });
      }
    }, CASES_OF_LANES);
    assert.ok(lanesSeen > 4, 'no list was long enough to be spread over lanes');
  });

  it('gives stable ids: of content, index and request, whatever priority and key order', () => {
    check((drafts) => {
      const raws = rawsOf(drafts);
      const ids = (intents: unknown[], requestId?: string) => plan(intents, requestId).intents.map(({ id }) => id);
      const first = ids(raws);
      assert.deepEqual(ids(structuredClone(raws).map(reversed)), first);
      const fixed = fixedNames();
      const elsewhere = ids(raws, 'another');
      drafts.forEach(({ id, damage }, index) => {
        const given = id !== undefined && damage !== 'id' && damage !== 'notAnObject';
        if (given) assert.equal(first[index], fixed.ids[id]);
        assert.equal(first[index] === elsewhere[index], given, 'only a derived id depends on the request');
      });
      const derived = first.filter((id) => !fixed.ids.includes(id));
      assert.equal(new Set(derived).size, derived.length, 'derived ids are all different');
    });
  });

  it('runs nothing when a refused intent is at or over the fail-fast priority', () => {
    check((drafts) => {
      const stopped = modelOf(drafts).some(({ valid, priority }) => !valid && priority >= 1);
      const { tiers } = plan(rawsOf(drafts), 'r', 1);
      if (stopped) assert.deepEqual(tiers, []);
      else
        assert.equal(
          tiers.length > 0,
          drafts.some((_, index) => modelOf(drafts)[index]!.valid),
        );
    });
  });
});

/** Returns the same value with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}
