/** This module is a model of what is kept of an intent: its values as they were sent, or in their documented form. */
import type { IntentType } from '../../src/client/index.js';
import { type Json, type JsonObject, TIMES } from './any-value.js';

type Form = (given: Json) => Json;

const lower: Form = (given) => (given as string).toLowerCase();
const upper: Form = (given) => (given as string).toUpperCase();
const rfc3339: Form = (given) => TIMES[given as string]?.[0] ?? 'a time that is not in the table';

/** Reads JSON of some levels. Negative zero is 0, as JSON's writers print it. */
export const readJson = (text: string): Json => JSON.parse(text, (_, value: Json) => (value === 0 ? 0 : value)) as Json;

/** Returns an object in which some fields have their form. An absent one and null stay what they are. */
const inForm = (given: JsonObject, forms: Readonly<Record<string, Form>>): JsonObject =>
  Object.fromEntries(
    Object.entries(given).map(([name, item]) => {
      const form = Object.hasOwn(forms, name) ? forms[name] : undefined;
      return [name, item === null || form === undefined ? item : form(item)];
    }),
  );
const each =
  (form: Form): Form =>
  (given) =>
    Array.isArray(given)
      ? given.map(form)
      : inForm(given as JsonObject, Object.fromEntries(Object.keys(given as JsonObject).map((name) => [name, form])));

/** Leaves out fields that are null. */
const withoutNulls = (given: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(given).filter(([name, item]) => item !== null || !names.includes(name)));

/** Returns fields with their defaults, for which null stands too. */
const withDefaults = (given: JsonObject, defaults: JsonObject): JsonObject => ({
  ...given,
  ...Object.fromEntries(Object.entries(defaults).map(([name, item]) => [name, given[name] ?? item])),
});

const OPTIONAL = ['total_size_bytes', 'unique_file_types_count', 'file_types', 'workflow_ids'];
const aggregate: Form = (given) =>
  withDefaults(withoutNulls(given as JsonObject, OPTIONAL), { total_stamps: 0, unique_workflows_count: 0 });
const record: Form = (given) => inForm(given as JsonObject, { from_state: upper, to_state: upper, timestamp: rfc3339 });

/** The payloads of valid intents as they are kept. */
export const KEPT: Readonly<Record<IntentType, (payload: JsonObject) => JsonObject>> = {
  PersistState: (payload) =>
    inForm(withDefaults(payload, { fsm_states: {} }), {
      aggregation_id: lower,
      timestamp: rfc3339,
      aggregated_data: each(aggregate),
      fsm_states: each(upper),
    }),
  PersistFSMTransition: (payload) =>
    inForm(payload, {
      ...{ workflow_id: lower, previous_state: upper, current_state: upper, timestamp: rfc3339 },
      transition_record: record,
      transition_history: each(record),
    }),
  PublishEvent: (payload) => payload,
  RecoverFSMStates: (payload) =>
    inForm(withDefaults(payload, { request_all_workflows: true, since_days: 7, limit: 10_000, with_total: false }), {
      states: each(upper),
      timestamp: rfc3339,
    }),
};

const utc = (given: Json | undefined): Json => Object.values(TIMES).find(([time]) => time === given)?.[1] ?? null;

/** Returns the rows that a PersistState leaves in `bridge_states`, by namespace. */
export function bridgeRows(kept: JsonObject): Readonly<Record<string, JsonObject>> {
  const counts = new Map<string, number>();
  for (const state of Object.values(kept['fsm_states'] as JsonObject)
    .map(String)
    .sort()) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const [[state] = ['UNKNOWN']] = [...counts].sort(([, one], [, other]) => other - one);
  return Object.fromEntries(
    Object.entries(kept['aggregated_data'] as Record<string, JsonObject>).map(([namespace, data]) => {
      const { total_stamps, unique_workflows_count, ...metadata } = data;
      const [items, workflows] = [`${total_stamps as number}`, `${unique_workflows_count as number}`];
      return [namespace, { items, workflows, metadata, state, at: utc(kept['timestamp']) }];
    }),
  );
}

/**
 * Returns the row that a PersistFSMTransition leaves in `fsm_transitions`.
 * @param kept without a count it is the first.
 */
export function transitionRow(kept: JsonObject): JsonObject {
  const { transition_record, metadata, timestamp = null, previous_state, current_state, transition_count } = kept;
  const recorded = (transition_record ?? {}) as JsonObject;
  return {
    from: previous_state ?? recorded['from_state'] ?? null,
    to: current_state ?? null,
    event: recorded['trigger'] ?? 'unknown',
    count: `${(transition_count ?? 1) as number}`,
    at: utc(recorded['timestamp'] ?? timestamp),
    data: {
      metadata: { ...(recorded['metadata'] as JsonObject | null), ...(metadata as JsonObject | null) },
      ...(transition_record == null ? {} : { transition_record }),
      timestamp,
    },
  };
}
