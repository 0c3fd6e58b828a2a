/**
 * This module turns a batch of PersistState intents into rows to add to `bridge_states`, pre-summed per (bridge_id,
 * namespace).
 */
import type { PersistStatePayload } from '../../domain/intents/persist-state/schema.js';
import { microseconds } from '../core/instant.js';

/** A `BridgeStateRow` is what is to be added to one row. */
export interface BridgeStateRow {
  readonly bridge_id: string;
  readonly namespace: string;
  workflows: bigint;
  items: bigint;
  /** The newest aggregation's data. */
  metadata: Readonly<Record<string, unknown>>;
  /** The newest aggregation's state; null: it names none, and the row keeps its own. */
  state: string | null;
  /** The time at which the newest aggregation ran; null is oldest. */
  timestamp: string | null;
}

/**
 * Sums payloads into rows by key, an array of rows for each statement, because a statement may touch a row only once
 * (21000). What cannot be summed into one row without changing the result goes into a later statement. That is rare: an
 * aggregation without states comes after one with them, and the stored row's time decides whether the earlier state
 * counts. All others are one statement.
 */
export function toWaves(payloads: readonly PersistStatePayload[]): BridgeStateRow[][] {
  const waves: Map<string, BridgeStateRow>[] = [];
  const waveOf = new Map<string, number>();
  for (const payload of payloads) {
    const state = mostCommon(Object.values(payload.fsm_states));
    for (const [namespace, data] of Object.entries(payload.aggregated_data)) {
      const { total_stamps, unique_workflows_count, ...details } = data;
      const row: BridgeStateRow = {
        bridge_id: payload.aggregation_id,
        namespace,
        workflows: BigInt(unique_workflows_count),
        items: BigInt(total_stamps),
        metadata: details,
        state,
        timestamp: payload.timestamp ?? null,
      };
      const key = `${row.bridge_id}/${namespace}`;
      let index = waveOf.get(key) ?? 0;
      const before = waves[index]?.get(key);
      if (before !== undefined && !merge(before, row)) index += 1;
      else if (before !== undefined) continue;
      (waves[index] ??= new Map()).set(key, row);
      waveOf.set(key, index);
    }
  }
  return waves.map((wave) => [...wave.values()]);
}

/**
 * Adds `row` to `into`: the newer data wins, of equal times the later one. Returns false when that needs the stored
 * row's time.
 */
function merge(into: BridgeStateRow, row: BridgeStateRow): boolean {
  const age = microseconds(row.timestamp) - microseconds(into.timestamp);
  if (age > 0n && row.state === null && into.state !== null) return false;
  into.workflows += row.workflows;
  into.items += row.items;
  if (age >= 0n) {
    into.metadata = row.metadata;
    into.state = row.state ?? into.state;
    into.timestamp = row.timestamp;
  }
  return true;
}

/** Returns the most common state, the first by name among equals; null when there is none. */
function mostCommon(states: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  let best: string | null = null;
  for (const [state, count] of counts) {
    const most = best === null ? 0 : (counts.get(best) ?? 0);
    if (count > most || (count === most && best !== null && state < best)) best = state;
  }
  return best;
}
