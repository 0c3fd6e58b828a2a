/** This module makes `contract.yaml`, in the form of section 12.3 of the seed contract. */
import { Registry } from 'prom-client';
import { stringify } from 'yaml';
import { CONTRACT } from '../../src/contract/schemas.js';
import { createIntakeMetrics } from '../../src/intake/metrics.js';
import { createMetrics } from '../../src/worker/metrics.js';
import type { Figures } from './figures.js';

const HEAD = `# The contract of bridge-store-effect, in the form of ONEX v2.0. \`npm run docs\` writes it from the code, and from the
# figures of docs/performance.md.
`;

export function contractYaml(version: string, figures: Figures): string {
  const document = {
    node_type: 'effect',
    node_name: 'bridge_store_effect',
    version,
    description:
      'Consumes the intents of a reducer and executes them durably.\n\n- PostgreSQL persistence (bridge_states, fsm_transitions)\n- Kafka event publishing (STATE_PERSISTED, FSM_STATE_TRANSITIONED)\n- FSM state recovery\n',
    capabilities: [
      ...['execute_intents', 'persist_aggregated_state', 'persist_fsm_transitions', 'recover_fsm_states'],
      ...['publish_events', 'track_metrics'],
    ],
    dependencies: {
      temporal: { type: 'TemporalServer', required: true },
      postgres: { type: 'PostgreSQL', required: true },
      kafka: { type: 'Kafka', required: true },
    },
    // The 99th percentile is not measured, so the document names none.
    performance: {
      measured: { on: figures.measured, by: 'npm run bench', where: 'docs/performance.md' },
      persistence_latency_ms: { p95: figures.persistence },
      publish_latency_ms: { p95: figures.publish },
      throughput: {
        measured: figures.emitted,
        unit: 'intents/second',
        way: 'emitted to Kafka in envelopes of 20, one worker',
      },
      throughput_of_callers: {
        measured: figures.started,
        unit: 'intents/second',
        way: 'lists of 20, started by 50 callers, one worker',
      },
    },
    metrics: metrics(),
    schemas: Object.fromEntries(
      [...CONTRACT].map(([name, { io }]) => [name, { direction: io, file: `contract/schemas/${name}.json` }]),
    ),
    topics: 'contract/asyncapi.yaml',
  };
  return HEAD + stringify(document, { lineWidth: 120 });
}

/** Returns the metrics that a worker with an intake defines, by name. */
function metrics(): { readonly name: string; readonly type: string }[] {
  const { registry } = createMetrics();
  const intake = new Registry();
  createIntakeMetrics(intake);
  return [...registry.getMetricsAsArray(), ...intake.getMetricsAsArray()]
    .map(({ name, type }) => ({ name, type: String(type) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
