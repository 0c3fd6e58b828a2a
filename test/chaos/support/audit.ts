/** This module compares the stores with what a cell expects. Every deviation is counted, and none is only logged. */
import type pg from 'pg';
import type { EventType } from '../../../src/domain/events/event-types.js';
import type { ReadEvent } from '../../support/events.js';
import { auditLedger } from './audit-ledger.js';
import type { Expected } from './lists.js';

export interface Audit {
  /** Deviations by something missing: totals short, or rows, ledger entries or events missing. */
  readonly lost: readonly string[];
  /**
   * Deviations by something too much: totals over, rows or ledger entries too many, an intent under two event ids, a
   * false failure.
   */
  readonly doubled: readonly string[];
}

const compare = (name: string, found: number, expected: number): Audit => ({
  lost: found < expected ? [`${name}: ${found} of ${expected}`] : [],
  doubled: found > expected ? [`${name}: ${found} for ${expected}`] : [],
});

const merge = (audits: readonly Audit[]): Audit => ({
  lost: audits.flatMap(({ lost }) => lost),
  doubled: audits.flatMap(({ doubled }) => doubled),
});

/** Returns what is lost and doubled by differences of found and expected numbers. */
export const sumOfDifferences = (differences: readonly number[]): { lost: number; doubled: number } => ({
  lost: differences.reduce((sum, difference) => sum + Math.max(0, -difference), 0),
  doubled: differences.reduce((sum, difference) => sum + Math.max(0, difference), 0),
});

export async function auditRows(pool: pg.Pool, expected: Expected): Promise<Audit> {
  const audits: Audit[] = [];
  const states = await pool.query<{ key: string; workflows: number; items: number }>(
    `SELECT bridge_id || ' ' || namespace AS key, total_workflows_processed::int AS workflows,
       total_items_aggregated::int AS items
     FROM bridge_states WHERE bridge_id = ANY ($1::uuid[])`,
    [[...expected.totals.keys()].map((key) => key.split(' ')[0])],
  );
  const found = new Map(states.rows.map((row) => [row.key, row]));
  for (const [key, { workflows, items }] of expected.totals) {
    audits.push(compare(`${key}: workflows`, found.get(key)?.workflows ?? 0, workflows));
    audits.push(compare(`${key}: items`, found.get(key)?.items ?? 0, items));
  }
  audits.push(compare('bridge_states rows', states.rows.length, expected.totals.size));

  const workflows = [...expected.transitions.keys()];
  const transitions = await pool.query<{ entity_id: string; counts: number[] }>(
    `SELECT entity_id, array_agg(transition_count::int ORDER BY sequence) AS counts
     FROM fsm_transitions WHERE entity_id = ANY ($1::uuid[]) GROUP BY entity_id`,
    [workflows],
  );
  const counts = new Map(transitions.rows.map((row) => [row.entity_id, row.counts]));
  const current = await pool.query<{ workflow_id: string; count: number }>(
    'SELECT workflow_id, transition_count::int AS count FROM fsm_states WHERE workflow_id = ANY ($1::uuid[])',
    [workflows],
  );
  for (const [workflow, last] of expected.transitions) {
    const stored = counts.get(workflow) ?? [];
    audits.push(compare(`${workflow}: transitions`, stored.length, last));
    const inOrder = Array.from({ length: last }, (_, index) => index + 1);
    if (stored.length === last && stored.join() !== inOrder.join()) {
      audits.push({ lost: [`${workflow}: order ${stored.join()}`], doubled: [] });
    }
    const state = current.rows.find((row) => row.workflow_id === workflow);
    audits.push(compare(`${workflow}: fsm_states count`, state?.count ?? 0, last));
  }

  audits.push(await auditLedger(pool, expected));
  return merge(audits);
}

/** Types of the events that cells publish or cause, and OPERATION_FAILED, which they must not cause. */
export const CHAOS_EVENTS: readonly EventType[] = [
  'BATCH_PROCESSED',
  'STATE_PERSISTED',
  'FSM_STATE_TRANSITIONED',
  'OPERATION_FAILED',
];

export interface EventAudit extends Audit {
  /** Number of copies beyond the first, under the same event id, which "at least once" allows. */
  readonly repeated: number;
}

export function auditEvents(read: readonly ReadEvent[], expected: Expected): EventAudit {
  const byIntent = new Map<string, string[]>();
  // Positions by topic and key, as a consumer sees them that drops known event ids.
  const order = new Map<string, number[]>();
  const seen = new Set<string>();
  const denied: string[] = [];
  for (const { key, envelope } of read) {
    const intentId = String(envelope.metadata['intent_id']);
    const name = `${intentId} ${envelope.event_type}`;
    if (envelope.event_type === 'OPERATION_FAILED' && expected.ledger.has(intentId)) denied.push(name);
    const position = expected.events.get(name);
    if (position === undefined) continue;
    byIntent.set(name, [...(byIntent.get(name) ?? []), envelope.event_id]);
    if (seen.has(envelope.event_id) || position === null) continue;
    seen.add(envelope.event_id);
    const place = `${envelope.event_type} ${key}`;
    order.set(place, [...(order.get(place) ?? []), position]);
  }
  const audits: Audit[] = [{ lost: [], doubled: denied }];
  let repeated = 0;
  for (const name of expected.events.keys()) {
    const ids = byIntent.get(name) ?? [];
    audits.push(compare(`${name}: event ids`, new Set(ids).size, 1));
    repeated += Math.max(0, ids.length - 1);
  }
  for (const [key, positions] of order) {
    if (positions.some((position, index) => index > 0 && position < positions[index - 1]!)) {
      audits.push({ lost: [`${key}: order ${positions.join()}`], doubled: [] });
    }
  }
  return { ...merge(audits), repeated };
}
