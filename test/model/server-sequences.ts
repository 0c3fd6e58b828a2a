/** This module draws lists for the real servers, and says what they must leave. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { persistFsmTransition, persistState, publishEvent } from '../support/intents.js';

interface Draft {
  readonly type: 'state' | 'step' | 'event';
  /** The index of one of the sequence's own two keys. */
  readonly key: 0 | 1;
  readonly priority: number;
}

/** A list as it is drawn; `again` is the list before it once more. */
type ListDraft =
  | { readonly kind: 'valid' | 'invalid'; readonly intents: readonly Draft[] }
  | { readonly kind: 'refused' | 'text' | 'again' };

export interface SequenceDraft {
  readonly lists: readonly ListDraft[];
  /** Whether somebody locks the rows of the sequence's first key for a while. */
  readonly held: boolean;
  /** The number of the sequence's messages on the topic by the end of each round but the last, in any order. */
  readonly cuts: readonly number[];
}

/** An event is what happens to the members of the group while the messages of a round are under way. */
export type Event = 'kill' | 'join' | 'leave';
const EVENTS: readonly Event[] = ['kill', 'join', 'leave'];

export interface Script {
  /** The events, one a round: each of them once, in any order. */
  readonly events: readonly Event[];
  /** Milliseconds between the messages of a round and its event. */
  readonly waits: readonly number[];
}
export const script: fc.Arbitrary<Script> = fc.record({
  events: fc.shuffledSubarray([...EVENTS], { minLength: EVENTS.length }),
  waits: fc.array(fc.nat({ max: 1_500 }), { minLength: EVENTS.length, maxLength: EVENTS.length }),
});

const draft: fc.Arbitrary<Draft> = fc.record({
  type: fc.constantFrom('state', 'step', 'event'),
  key: fc.constantFrom(0, 1),
  priority: fc.integer({ min: 0, max: 4 }),
});
const intents = fc.array(draft, { minLength: 1, maxLength: 4 });
const list: fc.Arbitrary<ListDraft> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('valid' as const), intents }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('invalid' as const), intents }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('refused', 'text', 'again') }) },
);
export const sequence: fc.Arbitrary<SequenceDraft> = fc.record({
  lists: fc.array(list, { minLength: 2, maxLength: 4 }),
  held: fc.nat({ max: 9 }).map((drawn) => drawn < 2),
  cuts: fc.array(fc.nat({ max: 7 }), { minLength: EVENTS.length - 1, maxLength: EVENTS.length - 1 }),
});

interface Expected {
  readonly eventId: string;
  readonly outcome: 'completed' | 'partial' | 'failed';
  readonly succeeded: number;
}

/** A named sequence is a sequence with its ids. */
export interface NamedSequence {
  readonly held: boolean;
  readonly keys: readonly [string, string];
  /** The list that makes the rows that can be locked. */
  readonly first: string;
  /** The messages of each round. */
  readonly rounds: readonly (readonly string[])[];
  readonly expected: readonly Expected[];
  readonly texts: number;
  /** The totals of each key. With `steps` and `marks` they are what its rows and its events have to say. */
  readonly totals: ReadonlyMap<string, number>;
  readonly steps: ReadonlyMap<string, readonly string[]>;
  readonly marks: ReadonlyMap<string, readonly number[]>;
}

export function envelope(given: readonly unknown[], payload: object = {}): { eventId: string; value: string } {
  const eventId = randomUUID();
  const value = JSON.stringify({
    envelope_version: '1.0',
    event_id: eventId,
    event_type: 'INTENT_EMITTED',
    correlation_id: null,
    payload: { intents: given, ...payload },
  });
  return { eventId, value };
}

/**
 * Makes a list whose start is too large for a message, so that Temporal refuses the slice it is in. A number takes 4
 * bytes in the message, and 21 in the start.
 */
export const unsendable = (): string => {
  const numbers = `[${Array.from({ length: 100_000 }, () => '1e20').join(',')}]`;
  return envelope(['numbers']).value.replace('"numbers"', numbers);
};

export function nameSequence({ lists, held, cuts }: SequenceDraft): NamedSequence {
  const keys = [randomUUID(), randomUUID()] as const;
  const totals = new Map<string, number>();
  const steps = new Map<string, string[]>();
  const marks = new Map<string, number[]>();
  const expected: Expected[] = [];
  const messages: string[] = [];
  let texts = 0;

  /**
   * Makes the intents of one list. They are numbered in the order in which they are executed: by priority, then as they
   * stand.
   */
  function intentsOf(drafts: readonly Draft[]): unknown[] {
    const made = new Map<Draft, unknown>();
    for (const one of [...drafts].sort((left, right) => right.priority - left.priority)) {
      const key = keys[one.key];
      const rest = { priority: one.priority };
      if (one.type === 'state') {
        totals.set(key, (totals.get(key) ?? 0) + 100);
        made.set(one, persistState({ aggregation_id: key }, rest));
      } else if (one.type === 'event') {
        const before = marks.get(key) ?? [];
        const mark = before.length + 1;
        marks.set(key, [...before, mark]);
        made.set(one, publishEvent({ event_type: 'BATCH_PROCESSED', partition_key: key, batch_size: mark }, rest));
      } else {
        const before = steps.get(key) ?? [];
        const count = before.length + 1;
        steps.set(key, [...before, `S${count}`]);
        const payload = { workflow_id: key, previous_state: `S${count - 1}`, current_state: `S${count}` };
        made.set(one, persistFsmTransition({ ...payload, transition_count: count }, rest));
      }
    }
    return drafts.map((one) => made.get(one));
  }

  function add(drafts: readonly Draft[], outcome: Expected['outcome'], more: readonly unknown[] = []): string {
    const { eventId, value } = envelope([...intentsOf(drafts), ...more]);
    expected.push({ eventId, outcome, succeeded: drafts.length });
    return value;
  }

  const first = add(
    [0, 1].flatMap((key) => [
      { type: 'state', key: key as 0 | 1, priority: 1 },
      { type: 'step', key: key as 0 | 1, priority: 1 },
    ]),
    'completed',
  );
  for (const given of lists) {
    if (given.kind === 'valid') messages.push(add(given.intents, 'completed'));
    if (given.kind === 'invalid') {
      messages.push(add(given.intents, 'partial', [{ intent_type: 'PersistState', target: 'nobody', priority: 0 }]));
    }
    if (given.kind === 'again') messages.push(messages.at(-1) ?? first);
    if (given.kind === 'refused') {
      const { eventId, value } = envelope([persistState()], { options: { fail_fast_priority: 'none' } });
      expected.push({ eventId, outcome: 'failed', succeeded: 0 });
      messages.push(value);
    }
    if (given.kind === 'text') {
      texts += 1;
      messages.push(`{"event_id": ${keys[0]}, ${texts}`);
    }
  }
  // The list that is sent again may be a text, so that texts are counted as they are sent.
  const sent = messages.filter((value) => value.startsWith('{"event_id"')).length;
  const bounds = [0, ...[...cuts].sort((one, other) => one - other), messages.length];
  const rounds = EVENTS.map((_, round) => messages.slice(bounds[round], bounds[round + 1]));
  return { held, keys, first, rounds, expected, texts: sent, totals, steps, marks };
}
