/**
 * This module stores and publishes lists as a peer's code would: one statement for rows, and one call for messages. All
 * peers use it, so they differ only in how they make the two durable. The rows have a ledger, because every peer may
 * run a step twice.
 */
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import pg from 'pg';
import { eventTopicPrefix } from '../../src/domain/events/event-types.js';

/** An intent with the id that its effect is known by. */
export interface PeerIntent {
  readonly intent_id: string;
  readonly intent_type: string;
  readonly payload: object;
}

export interface PlainStores {
  /** Stores states and transitions once, however often it is called. */
  persist(intents: readonly PeerIntent[]): Promise<void>;
  /** Publishes the events, and an announcement for each row. */
  publish(intents: readonly PeerIntent[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connections, as many as a worker of the service may open.
 * @public used by bench/peers.
 */
export const CONNECTIONS = 25;

/** The tables have the rows and indexes that the service has, without its history of metadata. */
export const PLAIN_TABLES = `
  CREATE SCHEMA IF NOT EXISTS peers;
  CREATE TABLE IF NOT EXISTS peers.ledger (intent_id uuid PRIMARY KEY, stored_at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE IF NOT EXISTS peers.states (bridge_id uuid, namespace text, items bigint NOT NULL,
    workflows bigint NOT NULL, metadata jsonb NOT NULL, fsm_states jsonb NOT NULL, PRIMARY KEY (bridge_id, namespace));
  CREATE TABLE IF NOT EXISTS peers.transitions (workflow_id uuid, transition_count bigint, from_state text,
    to_state text NOT NULL, record jsonb NOT NULL, PRIMARY KEY (workflow_id, transition_count));
  CREATE TABLE IF NOT EXISTS peers.current_states (workflow_id uuid PRIMARY KEY, state text NOT NULL,
    transition_count bigint NOT NULL, metadata jsonb);`;

const PERSIST = `
  WITH given AS (
    SELECT * FROM json_to_recordset($1::json) AS i (intent_id uuid, intent_type text, payload jsonb)
  ), claimed AS (
    INSERT INTO peers.ledger (intent_id) SELECT intent_id FROM given ON CONFLICT DO NOTHING RETURNING intent_id
  ), fresh AS (
    SELECT given.* FROM given JOIN claimed USING (intent_id)
  ), states AS (
    INSERT INTO peers.states
    SELECT (payload ->> 'aggregation_id')::uuid, key, sum((value ->> 'total_stamps')::bigint),
      sum((value ->> 'unique_workflows_count')::bigint), jsonb_agg(value) -> -1, jsonb_agg(payload -> 'fsm_states') -> -1
    FROM fresh, jsonb_each(payload -> 'aggregated_data') WHERE intent_type = 'PersistState' GROUP BY 1, 2
    ON CONFLICT (bridge_id, namespace) DO UPDATE
    SET items = states.items + EXCLUDED.items, workflows = states.workflows + EXCLUDED.workflows,
      metadata = EXCLUDED.metadata, fsm_states = EXCLUDED.fsm_states
  ), transitions AS (
    INSERT INTO peers.transitions
    SELECT (payload ->> 'workflow_id')::uuid, (payload ->> 'transition_count')::bigint, payload ->> 'previous_state',
      payload ->> 'current_state', payload -> 'transition_record'
    FROM fresh WHERE intent_type = 'PersistFSMTransition' ON CONFLICT DO NOTHING RETURNING workflow_id
  )
  INSERT INTO peers.current_states
  SELECT (payload ->> 'workflow_id')::uuid, payload ->> 'current_state', (payload ->> 'transition_count')::bigint,
    payload -> 'metadata'
  FROM fresh WHERE intent_type = 'PersistFSMTransition'
  ON CONFLICT (workflow_id) DO UPDATE SET state = EXCLUDED.state, transition_count = EXCLUDED.transition_count
  WHERE current_states.transition_count < EXCLUDED.transition_count`;

/** Opens the stores that the variables of a bench name. The tables are there already. */
export async function openPlainStores(env: NodeJS.ProcessEnv): Promise<PlainStores> {
  const pool = new pg.Pool({ connectionString: env['DATABASE_URL'], max: CONNECTIONS });
  const brokers = (env['KAFKA_BOOTSTRAP_SERVERS'] ?? '').split(',');
  const producer = new Kafka({ brokers, logLevel: logLevel.ERROR }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const prefix = eventTopicPrefix(env['KAFKA_TOPIC_PREFIX'] ?? '');
  const topicOf = (eventType: string): string => prefix + eventType.toLowerCase();
  return {
    async persist(intents) {
      await pool.query({ name: 'persist', text: PERSIST, values: [JSON.stringify(intents)] });
    },
    async publish(intents) {
      const byTopic = new Map<string, { key: string; value: string }[]>();
      for (const intent of intents) {
        const { eventType, key, payload } = eventOf(intent);
        const event = {
          event_id: intent.intent_id,
          event_type: eventType,
          timestamp: new Date().toISOString(),
          payload,
        };
        const messages = byTopic.get(topicOf(eventType)) ?? [];
        byTopic.set(topicOf(eventType), [...messages, { key, value: JSON.stringify(event) }]);
      }
      await producer.sendBatch({ topicMessages: [...byTopic].map(([topic, messages]) => ({ topic, messages })) });
    },
    async close() {
      await Promise.all([pool.end(), producer.disconnect()]);
    },
  };
}

function eventOf({ intent_type, payload }: PeerIntent): { eventType: string; key: string; payload: object } {
  const text = (field: string): string => String(Reflect.get(payload, field));
  if (intent_type === 'PublishEvent') return { eventType: text('event_type'), key: text('aggregation_id'), payload };
  if (intent_type === 'PersistState') {
    const aggregation_id = text('aggregation_id');
    return { eventType: 'STATE_PERSISTED', key: aggregation_id, payload: { aggregation_id } };
  }
  const workflow_id = text('workflow_id');
  const transition = { workflow_id, from_state: text('previous_state'), to_state: text('current_state') };
  return { eventType: 'FSM_STATE_TRANSITIONED', key: workflow_id, payload: transition };
}
