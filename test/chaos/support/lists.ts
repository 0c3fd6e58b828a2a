/** Lists of a cell with explicit ids, and the exact state they must leave. */
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

/** What the stores must hold once all lists ran exactly once. */
export interface Expected {
  readonly intentIds: readonly string[];
  /** By `bridge_id namespace`. */
  readonly totals: ReadonlyMap<string, Totals>;
  /** Transitions of a workflow: 1 to this count. */
  readonly transitions: ReadonlyMap<string, number>;
  /** `intent_id event_type`: published or derived. */
  readonly events: ReadonlySet<string>;
}

const OF_EACH_TYPE = 4;

/**
 * Lists that add to one common row besides their own, each with a workflow of its own and ordered events of one key.
 * @param count default 4.
 */
export function makeLists(count = 4): { lists: List[]; expected: Expected } {
  const common = randomUUID();
  const totals = new Map<string, Totals>();
  const transitions = new Map<string, number>();
  const events = new Set<string>();
  const intentIds: string[] = [];
  const id = (...eventTypes: string[]): string => {
    const intentId = randomUUID();
    intentIds.push(intentId);
    for (const eventType of eventTypes) events.add(`${intentId} ${eventType}`);
    return intentId;
  };
  const lists = Array.from({ length: count }, (_, list): List => {
    const [own, workflow] = [randomUUID(), randomUUID()];
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
      intents.push(
        persistState({ aggregation_id: bridgeId, aggregated_data: aggregated }, { intent_id: id('STATE_PERSISTED') }),
        persistFsmTransition(
          {
            workflow_id: workflow,
            transition_count: index + 1,
            previous_state: `S${index}`,
            current_state: `S${index + 1}`,
            transition_record: { trigger: 'chaos' },
          },
          { intent_id: id('FSM_STATE_TRANSITIONED') },
        ),
        publishEvent(
          { event_type: 'BATCH_PROCESSED', aggregation_id: own, partition_key: own, position: index },
          { intent_id: id('BATCH_PROCESSED') },
        ),
      );
    }
    transitions.set(workflow, OF_EACH_TYPE);
    return { requestId: `chaos-${randomUUID()}`, intents };
  });
  return { lists, expected: { intentIds, totals, transitions, events } };
}
