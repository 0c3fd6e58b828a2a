/** This module makes lists of a cell with explicit ids, and the exact state that they must leave. */
import { randomUUID } from 'node:crypto';
import type { Intent } from '../../../src/client/index.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';

export interface List {
  readonly requestId: string;
  readonly intents: readonly Intent[];
}

interface Totals {
  readonly workflows: number;
  readonly items: number;
}

/** A row that the ledger must hold. */
export interface LedgerRow {
  readonly intent_type: string;
  /** Workflow id of the execution, which is the request id; null for a list that shares one. */
  readonly workflow_id: string | null;
  /** Fields of the result that follow from the intent. */
  readonly outcome: Readonly<Record<string, unknown>>;
}

/** The state that the stores must hold once all lists ran exactly once. */
export interface Expected {
  readonly intentIds: readonly string[];
  /** Ledger rows by intent id. */
  readonly ledger: ReadonlyMap<string, LedgerRow>;
  /** Totals by `bridge_id namespace`. */
  readonly totals: ReadonlyMap<string, Totals>;
  /** Last transition count by workflow: its transitions are 1 to this count. */
  readonly transitions: ReadonlyMap<string, number>;
  /**
   * Positions by `intent_id event_type`, of published and derived events. A position is among the events of one key;
   * null: no order is promised.
   */
  readonly events: ReadonlyMap<string, number | null>;
}

const OF_EACH_TYPE = 4;

/**
 * Makes lists that add to one common row besides their own. Each list has a workflow of its own and ordered events of
 * one key.
 * @param count default 4.
 * @param share whether they will share executions.
 */
export function makeLists(count = 4, share: 'auto' | 'never' = 'never'): { lists: List[]; expected: Expected } {
  const common = randomUUID();
  const totals = new Map<string, Totals>();
  const transitions = new Map<string, number>();
  const events = new Map<string, number | null>();
  const ledger = new Map<string, LedgerRow>();
  const intentIds: string[] = [];
  const id = (eventType: string, position: number | null, row: LedgerRow): string => {
    const intentId = randomUUID();
    intentIds.push(intentId);
    events.set(`${intentId} ${eventType}`, position);
    ledger.set(intentId, row);
    return intentId;
  };
  const lists = Array.from({ length: count }, (_, list): List => {
    const [own, workflow] = [randomUUID(), randomUUID()];
    const workflow_id = `chaos-${randomUUID()}`;
    const intents: Intent[] = [];
    for (let index = 0; index < OF_EACH_TYPE; index += 1) {
      const bridgeId = index % 2 === 0 ? common : own;
      const added = { workflows: index + 1, items: 10 * list + index + 1 };
      const before = totals.get(`${bridgeId} chaos`) ?? { workflows: 0, items: 0 };
      totals.set(`${bridgeId} chaos`, {
        workflows: before.workflows + added.workflows,
        items: before.items + added.items,
      });
      const aggregated = { chaos: { total_stamps: added.items, unique_workflows_count: added.workflows } };
      const [from_state, to_state] = [`S${index}`, `S${index + 1}`];
      const row = (intent_type: string, outcome: LedgerRow['outcome']) => ({
        intent_type,
        workflow_id: share === 'auto' ? null : workflow_id,
        outcome,
      });
      const persisted = row('PersistState', {
        aggregation_id: bridgeId,
        namespaces_persisted: ['chaos'],
        total_workflows: added.workflows,
        total_items: added.items,
      });
      const moved = row('PersistFSMTransition', { workflow_id: workflow, from_state, to_state, duplicate: false });
      const published = row('PublishEvent', { event_type: 'BATCH_PROCESSED' });
      intents.push(
        persistState(
          { aggregation_id: bridgeId, aggregated_data: aggregated },
          { intent_id: id('STATE_PERSISTED', null, persisted) },
        ),
        persistFsmTransition(
          {
            workflow_id: workflow,
            transition_count: index + 1,
            previous_state: from_state,
            current_state: to_state,
            transition_record: { trigger: 'chaos' },
          },
          { intent_id: id('FSM_STATE_TRANSITIONED', index + 1, moved) },
        ),
        publishEvent(
          { event_type: 'BATCH_PROCESSED', aggregation_id: own, partition_key: own, position: index },
          { intent_id: id('BATCH_PROCESSED', index, published) },
        ),
      );
    }
    transitions.set(workflow, OF_EACH_TYPE);
    return { requestId: workflow_id, intents };
  });
  return { lists, expected: { intentIds, ledger, totals, transitions, events } };
}
