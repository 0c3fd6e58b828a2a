/**
 * These tests check the order that the intake promises. Lists of a partition that share a key run in their order,
 * whatever their priorities and slices.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type Producer } from 'kafkajs';
import { createLogger } from '../../src/log.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { createKafka } from '../../src/kafka/client.js';
import { kafkaSettings } from '../../src/kafka/settings.js';
import { until } from '../../src/flow-control/until.js';
import { startWorker, type RunningWorker } from '../../src/worker/run.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import { persistFsmTransition, publishEvent } from '../support/intents.js';

const PARTITIONS = 4;
const KEYS = 24;
const UNCACHED = process.env['MAX_CACHED_WORKFLOWS'] === '0';
/**
 * The number of lists of a key, which makes some 60 lists and 160 intents a partition. It is lower where no workflow is
 * cached. There each task replays all tasks before it, one at a time, and a chain of lists takes the square of its
 * length.
 */
const LISTS = UNCACHED ? 6 : 10;
/**
 * The least number of slices of a partition. Each round of lists is sent when all partitions have begun with the round
 * before.
 */
const ROUNDS = 3;
/**
 * Slices that run at once. Without a cache the SDK takes one workflow task at a time, and the others that it has
 * meanwhile time out after 10 s.
 */
const SLICES = UNCACHED ? 1 : 12;

/**
 * A shape says what a list does under its own key, and under that of a neighbour. Two keys make lists wait for each
 * other in chains.
 */
interface Shape {
  readonly priorities: readonly [event: number, transition: number, neighbour: number];
  readonly neighbour: boolean;
}
const shape: fc.Arbitrary<Shape> = fc.record({
  priorities: fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })),
  neighbour: fc.boolean(),
});

describe('intake: order', function () {
  this.timeout(400_000);
  let environment: Environment;
  let worker: RunningWorker;
  let producer: Producer;
  before(async () => {
    environment = await createEnvironment({
      worker: false,
      env: { KAFKA_TOPIC_PARTITIONS: String(PARTITIONS), INTAKE_MAX_SLICES: String(SLICES) },
    });
    const { config, endpoints } = environment;
    const logger = createLogger(config.LOG_LEVEL);
    worker = await startWorker({ config, logger, endpoints, intake: true });
    producer = createKafka(kafkaSettings(config, endpoints.kafka), createLogger('silent')).producer();
    await producer.connect();
  });
  after(async () => {
    await producer.disconnect();
    await worker.shutdown();
    await environment.close();
  });

  it('24 keys on 4 partitions: events and transitions of each key arrive in the order of its lists', async () => {
    const seed = Number(process.env['ORDER_SEED'] ?? Date.now() % 1_000_000);
    const shapes = fc.sample(shape, { numRuns: KEYS * LISTS, seed });
    const keys = Array.from({ length: KEYS }, (): string => randomUUID());
    const partitionOf = (key: string) => keys.indexOf(key) % PARTITIONS;
    const ofPartition = (partition: number) => keys.filter((key) => partitionOf(key) === partition);
    /** The marks that the events of each key must have, in order. */
    const wanted = new Map(keys.map((key) => [key, [] as number[]]));
    let mark = 0;
    const messages = [];
    for (let round = 0; round < LISTS; round += 1) {
      for (const [index, key] of keys.entries()) {
        const { priorities, neighbour } = shapes[round * KEYS + index]!;
        const others = ofPartition(partitionOf(key));
        const other = others[(others.indexOf(key) + 1) % others.length]!;
        const event = (of: string, priority: number) => {
          mark += 1;
          wanted.get(of)!.push(mark);
          return publishEvent({ event_type: 'BATCH_PROCESSED', partition_key: of, batch_size: mark }, { priority });
        };
        const step = round + 1;
        const intents = [
          event(key, priorities[0]),
          persistFsmTransition(
            { workflow_id: key, previous_state: `S${step - 1}`, current_state: `S${step}`, transition_count: step },
            { priority: priorities[1] },
          ),
          ...(neighbour && other !== key ? [event(other, priorities[2])] : []),
        ];
        messages.push({
          partition: partitionOf(key),
          value: JSON.stringify({
            envelope_version: '1.0',
            event_id: randomUUID(),
            event_type: 'INTENT_EMITTED',
            correlation_id: null,
            payload: { intents },
          }),
        });
      }
    }
    const topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
    const slices = async () => {
      const query = `WorkflowType = 'ExecuteSliceWorkflow' AND TaskQueue = '${environment.config.TEMPORAL_TASK_QUEUE}'`;
      return (await environment.temporal.workflow.count(query)).count;
    };
    // The order must hold across slices too, which a partition whose lists all fit one slice would not show.
    for (let round = 0; round < ROUNDS; round += 1) {
      const part = messages.slice((round * messages.length) / ROUNDS, ((round + 1) * messages.length) / ROUNDS);
      await producer.send({ topic, messages: part });
      await until(60_000, async () => assert.ok((await slices()) >= (round + 1) * PARTITIONS));
    }
    await until(150_000, async () => {
      const { rows } = await environment.pool.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM intake_verdicts WHERE verdict ->> 'outcome' = 'completed'`,
      );
      assert.equal(rows[0]?.count, messages.length);
    });
    const seen = new Map(keys.map((key) => [key, [] as number[]]));
    for (const { key, envelope } of await readEvents(environment, ['BATCH_PROCESSED'])) {
      seen.get(key)?.push((envelope.payload as { batch_size: number }).batch_size);
    }
    assert.deepEqual(seen, wanted, `ORDER_SEED=${seed}`);
    const { rows } = await environment.pool.query<{ entity_id: string; steps: string[] }>(
      'SELECT entity_id, array_agg(to_state ORDER BY sequence) AS steps FROM fsm_transitions GROUP BY 1',
    );
    const steps = Array.from({ length: LISTS }, (_, step) => `S${step + 1}`);
    assert.deepEqual(
      new Map(rows.map((row) => [row.entity_id, row.steps])),
      new Map(rows.map(({ entity_id }) => [entity_id, steps])),
    );
    assert.equal(rows.length, KEYS);
  });
});
