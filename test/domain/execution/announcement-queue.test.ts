/** These tests check which events announce a list's effects, and how often. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type AnnouncedIntent, AnnouncementQueue } from '../../../src/domain/execution/announcement-queue.js';
import type { Announcement } from '../../../src/domain/execution/batch.js';
import type { LedgerRecord } from '../../../src/domain/ledger/port.js';
import { makePlan, type Plan } from '../../../src/domain/execution/plan.js';
import { parseRequest, type RequestInput } from '../../../src/domain/execution/request.js';
import { unannouncedOf } from '../../../src/domain/sweep/unannounced.js';
import { definitions } from '../../support/definitions.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';

type DerivedEvents = Plan['options']['derivedEvents'];

const persisted = (intent_id: string, subject: string | null = intent_id): Announcement => ({
  event_type: 'STATE_PERSISTED',
  partition_key: subject,
  payload: {},
  intent_id,
});
const queueOf = (derivedEvents: DerivedEvents, self_announced: Plan['self_announced'] = []) =>
  new AnnouncementQueue<AnnouncedIntent>({ options: { failFastPriority: 2, derivedEvents }, self_announced });
const idsOf = (events: readonly (Announcement | AnnouncedIntent)[]) =>
  events.map((event) => ('index' in event ? event.index : event.intent_id));

describe('the announcements of a list', () => {
  it('are one for an intent that is twice in the list, in one batch or in two', () => {
    const queue = queueOf('all');
    queue.add([persisted('i'), persisted('i')]);
    queue.add([persisted('i'), persisted('j')]);
    assert.equal(queue.length, 2);
    assert.deepEqual(idsOf(queue.takeAll()), ['i', 'j']);
    assert.equal(queue.length, 0);
    queue.add([persisted('i')]);
    assert.equal(queue.length, 0, 'also when the first was sent long ago');
  });

  it('are one for an intent that stands for its own event, withheld once', () => {
    const queue = queueOf('unless_published', [{ key: 'STATE_PERSISTED/s', index: 0 }]);
    queue.add([persisted('i', 's'), persisted('i', 's')]);
    queue.releaseWithheld(() => false);
    assert.deepEqual(idsOf(queue.takeAll()), ['i']);
  });

  it('are two for two things that befell an intent', () => {
    const queue = queueOf('all');
    queue.add([persisted('i'), { ...persisted('i'), event_type: 'OPERATION_FAILED' }]);
    assert.equal(queue.length, 2);
  });

  it('do not exist where the list wants no announcements', () => {
    const queue = queueOf('none');
    queue.add([persisted('i'), { index: 7 }]);
    assert.deepEqual(queue.takeAll(), []);
  });

  it('wait for what the list publishes itself, and stand in for it when that fails', () => {
    const own = [
      { key: 'STATE_PERSISTED/s', index: 3 },
      { key: 'STATE_PERSISTED/t', index: 4 },
      { key: 'STATE_PERSISTED/', index: 5 },
    ];
    const queue = queueOf('unless_published', own);
    queue.add([persisted('a', 's'), persisted('b', 't'), persisted('c', 'u'), persisted('d', null)]);
    assert.deepEqual(idsOf(queue.takeAll()), ['c']);
    queue.releaseWithheld((index) => index === 3);
    assert.deepEqual(idsOf(queue.takeAll()), ['b', 'd']);
    queue.releaseWithheld(() => false);
    assert.deepEqual(queue.takeAll(), [], 'what was let go is not sent again');
  });

  it('are sent beside what the list publishes itself, where it wants all', () => {
    const queue = queueOf('all', [{ key: 'STATE_PERSISTED/s', index: 3 }]);
    queue.add([persisted('a', 's')]);
    assert.deepEqual(idsOf(queue.takeAll()), ['a']);
  });

  it('of intents with a kept result are sent as they come', () => {
    const queue = queueOf('unless_published');
    queue.add([{ index: 4 }, persisted('a'), { index: 5 }]);
    assert.deepEqual(idsOf(queue.takeAll()), [4, 'a', 5]);
  });

  it('go out 500 at a time, in their order, and what was not sent goes first the next time', () => {
    const queue = queueOf('all');
    queue.add(Array.from({ length: 600 }, (_, index) => ({ index })));
    const first = queue.take();
    assert.deepEqual([first.length, queue.length], [500, 100]);
    queue.putBack(first.slice(498));
    assert.deepEqual(idsOf(queue.take(3)), [498, 499, 500]);
    assert.equal(queue.takeAll().length, 99);
  });
});

describe('what an execution that was ended by force has left unannounced', () => {
  const planOf = (intents: unknown[], options: RequestInput['options'] = {}) =>
    makePlan(parseRequest({ intents, options }), 'w', definitions);
  const recordOf = (intent_id: string, intent_type: string, result: Record<string, unknown>, execution_id = 'w/run') =>
    [
      intent_id,
      { intent_id, intent_type, payload_hash: '', execution_id, settled_at: '2026-01-01T00:00:00Z', result },
    ] as unknown as [string, LedgerRecord];
  const stateOf = (intent_id: string, aggregation_id: string, execution_id?: string) =>
    recordOf(
      intent_id,
      'PersistState',
      { aggregation_id, namespaces_persisted: ['a', 'b'], total_workflows: 3 },
      execution_id,
    );
  const announced = (plan: Plan, records: readonly [string, LedgerRecord][]) =>
    unannouncedOf(plan, new Map(records), 'w/run', definitions);

  it('is announced as it would have been then, in the list’s order', () => {
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
    const made = planOf([
      persistState({}, { intent_id: a }),
      persistFsmTransition({}, { intent_id: b }),
      persistState({}, { intent_id: c }),
    ]);
    const moved = { workflow_id: 'wf', from_state: 'A', to_state: 'B', transition_id: 't' };
    assert.deepEqual(announced(made, [stateOf(c, 'z'), recordOf(b, 'PersistFSMTransition', moved), stateOf(a, 'x')]), [
      {
        event_type: 'STATE_PERSISTED',
        partition_key: 'x',
        payload: {
          aggregation_id: 'x',
          namespaces_count: 2,
          workflows_count: 3,
          timestamp: '2026-01-01T00:00:00Z',
        },
        intent_id: a,
      },
      {
        event_type: 'FSM_STATE_TRANSITIONED',
        partition_key: 'wf',
        payload: { ...moved, timestamp: '2026-01-01T00:00:00Z' },
        intent_id: b,
      },
      {
        event_type: 'STATE_PERSISTED',
        partition_key: 'z',
        payload: {
          aggregation_id: 'z',
          namespaces_count: 2,
          workflows_count: 3,
          timestamp: '2026-01-01T00:00:00Z',
        },
        intent_id: c,
      },
    ]);
  });

  it('is only its own: of what others did, or nobody, it says nothing', () => {
    const [mine, theirs, nobodys] = [randomUUID(), randomUUID(), randomUUID()];
    const made = planOf([mine, theirs, nobodys].map((intent_id) => persistState({}, { intent_id })));
    assert.deepEqual(idsOf(announced(made, [stateOf(mine, 'x'), stateOf(theirs, 'y', 'w/other')])), [mine]);
  });

  it('is nothing where there is nothing to say: a duplicate, an event, a type nobody knows any more', () => {
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
    const made = planOf([a, b, c].map((intent_id) => persistState({}, { intent_id })));
    assert.deepEqual(
      announced(made, [
        recordOf(a, 'PersistFSMTransition', { duplicate: true }),
        recordOf(b, 'PublishEvent', {}),
        recordOf(c, 'SendMail', {}),
      ]),
      [],
    );
  });

  it('is announced by the whole result of a success', () => {
    const [known] = [...definitions.values()];
    assert.ok(known);
    const told: unknown[] = [];
    const listening = new Map([
      [
        'PersistState',
        {
          ...known,
          announce: (result: unknown) => {
            told.push(result);
            return null;
          },
        },
      ],
    ]);
    const id = randomUUID();
    const records = new Map([recordOf(id, 'PersistState', { aggregation_id: 'x' })]);
    unannouncedOf(planOf([persistState({}, { intent_id: id })]), records, 'w/run', listening);
    assert.deepEqual(told, [
      {
        aggregation_id: 'x',
        intent_id: id,
        intent_type: 'PersistState',
        status: 'succeeded',
        success: true,
        error: null,
        execution_time_ms: 0,
        timestamp: '2026-01-01T00:00:00Z',
      },
    ]);
  });

  it('is left to the event the list published itself, by whomever, and announced when that is not in the ledger', () => {
    const [state, event] = [randomUUID(), randomUUID()];
    const aggregation_id = randomUUID();
    const made = planOf([
      persistState({ aggregation_id }, { intent_id: state }),
      publishEvent({ event_type: 'STATE_PERSISTED', aggregation_id }, { intent_id: event }),
    ]);
    const persistedBy = stateOf(state, aggregation_id);
    assert.deepEqual(idsOf(announced(made, [persistedBy])), [state]);
    assert.deepEqual(announced(made, [persistedBy, recordOf(event, 'PublishEvent', {}, 'w/other')]), []);
  });
});
