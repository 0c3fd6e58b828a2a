/**
 * These tests hold the intake and what it sets off against a model, on the real servers. Many small sequences run side
 * by side. Somebody locks rows, and Temporal refuses lists. At random moments an intake is killed, and others join and
 * leave. MODEL_SEED and MODEL_SEQUENCES choose others.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Kafka } from 'kafkajs';
import { type Admin, type Producer } from 'kafkajs';
import { Registry } from 'prom-client';
import { type RunningIntake, runIntake } from '../../src/intake/run.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { createLogger } from '../../src/log.js';
import { until } from '../../src/flow-control/until.js';
import { expelMembers } from '../intake/expel.js';
import { BRIDGE_MAIN } from '../support/bridge.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { readEvents } from '../support/events.js';
import { persistState, publishEvent } from '../support/intents.js';
import { allAnswered, assertTold, copiesOf, verdictsOf } from './server-answers.js';
import {
  envelope,
  type Event,
  nameSequence,
  type NamedSequence,
  script,
  sequence,
  unsendable,
} from './server-sequences.js';
import { kafkaOf } from '../support/kafka-of.js';

const SEQUENCES = Number(process.env['MODEL_SEQUENCES'] ?? 300);
const PARTITIONS = 6;
describe('the intake against a model, on the real servers', function () {
  this.timeout(600_000);
  const seed = Number(process.env['MODEL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const sequences = fc.sample(sequence, { numRuns: SEQUENCES, seed }).map(nameSequence);
  const { events, waits } = fc.sample(script, { numRuns: 1, seed })[0]!;
  /** The row and the key of the `large` lists, which are several pages of parked lists behind that row. */
  const [row, key] = [crypto.randomUUID(), crypto.randomUUID()];
  const large = [0, 1, 2].map((number) =>
    envelope([
      ...(number === 0 ? [persistState({ aggregation_id: row })] : []),
      ...Array.from({ length: 250 }, (_, index) =>
        publishEvent({ event_type: 'BATCH_PROCESSED', partition_key: key, batch_size: number * 250 + index }),
      ),
    ]),
  );
  /** Lists whose row is locked. They are sent again to another partition when it is free, and may run there first. */
  const wanderers = Array.from({ length: 6 }, () => {
    const id = crypto.randomUUID();
    const list = () => envelope([persistState({ aggregation_id: id })]);
    return { id, first: list(), second: list() };
  });
  /** Lists with which Temporal takes no slice, one for each partition. */
  const refused = Array.from({ length: PARTITIONS }, unsendable);
  const why = `MODEL_SEED=${seed}: ${events.join(', ')} after ${waits.join(', ')} ms`;
  let environment: Environment;
  let topic: string;
  let kafka: Kafka;
  let producer: Producer;
  let admin: Admin;
  const intakes: RunningIntake[] = [];

  before(async () => {
    environment = await createEnvironment({
      env: { KAFKA_TOPIC_PARTITIONS: String(PARTITIONS) },
      except: { once: 'an intake is killed in the middle: what it had not committed is told again' },
    });
    topic = topicOf(environment.config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
    kafka = kafkaOf(environment.endpoints.kafka);
    [producer, admin] = [kafka.producer(), kafka.admin()];
    await Promise.all([producer.connect(), admin.connect()]);
  });
  after(async () => {
    await Promise.all(intakes.map((intake) => intake.stop(5_000)));
    await Promise.all([producer.disconnect(), admin.disconnect()]);
    await environment.close();
  });

  const groupId = (): string => `bridge-store-effect-intake-${environment.config.KAFKA_TOPIC_PREFIX}`;
  const partitionOf = (index: number): number => index % PARTITIONS;
  async function emit(messages: readonly { readonly partition: number; readonly value: string }[]): Promise<void> {
    await producer.send({ topic, messages: [...messages] });
  }
  async function start(): Promise<RunningIntake> {
    const intake = await runIntake({
      config: environment.config,
      endpoints: {
        temporal: { address: environment.endpoints.temporal.address, namespace: 'default', ui: null },
        kafka: { brokers: environment.endpoints.kafka.brokers },
      },
      logger: createLogger('silent'),
      registry: new Registry(),
    });
    intakes.push(intake);
    return intake;
  }
  const messagesOf = (of: (given: NamedSequence) => readonly string[]) =>
    sequences.flatMap((given, index) => of(given).map((value) => ({ partition: partitionOf(index), value })));

  it(`leaves the verdicts, rows, events and offsets of the model, after ${SEQUENCES} sequences`, async () => {
    const child = spawn(process.execPath, [BRIDGE_MAIN, 'intake', '--json'], {
      env: environment.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    /** Changes the members of the group, whatever they have in hand. */
    async function happen(event: Event): Promise<void> {
      if (event === 'join') return void running.push(await start());
      if (running.length === 0) running.push(await start());
      if (event === 'leave') return running.shift()?.stop(5_000);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await expelMembers(kafka, environment.endpoints.kafka.brokers[0]!, groupId());
    }
    const running: RunningIntake[] = [];
    try {
      await emit([
        ...messagesOf(({ first }) => [first]),
        ...wanderers.map(({ first }, index) => ({ partition: partitionOf(index), value: first.value })),
        { partition: 5, value: envelope([persistState({ aggregation_id: row })]).value },
      ]);
      await allAnswered(environment.pool, [
        ...sequences.map(({ expected }) => expected[0]!.eventId),
        ...wanderers.map((one) => one.first.eventId),
      ]);

      const holder = await environment.pool.connect();
      try {
        const heldKeys = sequences.filter(({ held }) => held).map(({ keys }) => keys[0]);
        const rows = [...heldKeys, ...wanderers.map(({ id }) => id), row];
        await holder.query('BEGIN');
        await holder.query('UPDATE bridge_state_rows SET updated_at = now() WHERE bridge_id = ANY ($1)', [rows]);
        await holder.query('SELECT FROM fsm_states WHERE workflow_id = ANY ($1) FOR UPDATE', [heldKeys]);
        await emit([
          ...wanderers.map(({ second }, index) => ({ partition: partitionOf(index), value: second.value })),
          ...large.map(({ value }) => ({ partition: 5, value })),
        ]);
        for (const [round, event] of events.entries()) {
          await emit(messagesOf(({ rounds }) => rounds[round]!));
          if (round === 0) await emit(refused.map((value, partition) => ({ partition, value })));
          await sleep(waits[round]);
          await happen(event);
        }
        if (running.length === 0) running.push(await start());
        await until(180_000, async () => {
          const { rowCount } = await environment.pool.query('SELECT FROM intake_parked');
          assert.ok((rowCount ?? 0) >= wanderers.length + large.length);
        });
        // Lists whose keys nobody locks go on meanwhile, also in slices behind those that wait.
        await allAnswered(
          environment.pool,
          sequences.filter(({ held }) => !held).flatMap(({ expected }) => expected.map((one) => one.eventId)),
        );
      } finally {
        await holder.query('ROLLBACK');
        holder.release(true);
      }
    } finally {
      child.kill('SIGKILL');
    }
    await emit(wanderers.map(({ second }, index) => ({ partition: partitionOf(index + 1), value: second.value })));

    const wanted = new Map(sequences.flatMap(({ expected }) => expected.map((one) => [one.eventId, one] as const)));
    const others = [...wanderers.map(({ second }) => second.eventId), ...large.map(({ eventId }) => eventId)];
    await allAnswered(environment.pool, [...wanted.keys(), ...others]);
    const found = await verdictsOf(environment.pool, [...wanted.keys()]);
    assert.deepEqual(
      [...wanted.values()].map(({ eventId }) => {
        const { outcome, results } = found.get(eventId)!;
        return { eventId, outcome, succeeded: results.filter(({ success }) => success).length };
      }),
      [...wanted.values()],
      why,
    );
    await until(60_000, async () =>
      assert.equal((await environment.pool.query('SELECT FROM intake_parked')).rowCount, 0, 'lists stay parked'),
    );
    await checkRows();
    await checkOffsets();
    await checkEvents([...wanted.keys(), ...others]);
  });

  async function checkRows(): Promise<void> {
    const keys = sequences.flatMap((given) => given.keys);
    const { rows: totals } = await environment.pool.query<{ id: string; total: number }>(
      `SELECT bridge_id::text AS id, total_items_aggregated::int AS total FROM bridge_states WHERE bridge_id = ANY ($1)`,
      [[...keys, row, ...wanderers.map(({ id }) => id)]],
    );
    const expected = [
      ...sequences.flatMap((given) => [...given.totals]),
      ...[row, ...wanderers.map(({ id }) => id)].map((id) => [id, 200] as const),
    ];
    assert.deepEqual(new Map(totals.map(({ id, total }) => [id, total])), new Map(expected), why);
    const { rows: steps } = await environment.pool.query<{ id: string; steps: string[] }>(
      `SELECT entity_id::text AS id, array_agg(to_state ORDER BY sequence) AS steps FROM fsm_transitions
       WHERE entity_id = ANY ($1) GROUP BY 1`,
      [keys],
    );
    assert.deepEqual(
      new Map(steps.map((one) => [one.id, one.steps])),
      new Map(sequences.flatMap((given) => [...given.steps])),
      why,
    );
  }

  async function checkOffsets(): Promise<void> {
    await until(30_000, async () => {
      const ends = new Map((await admin.fetchTopicOffsets(topic)).map((end) => [end.partition, end.high]));
      const [committed] = await admin.fetchOffsets({ groupId: groupId(), topics: [topic] });
      assert.deepEqual(new Map(committed!.partitions.map((one) => [one.partition, one.offset])), ends);
    });
  }

  async function checkEvents(ids: readonly string[]): Promise<void> {
    const seen = new Map<string, number[]>();
    const once = new Set<string>();
    for (const { key: of, envelope: event } of await readEvents(environment, ['BATCH_PROCESSED'])) {
      // An event is published at least once, and always under one event id.
      if (once.has(event.event_id)) continue;
      once.add(event.event_id);
      seen.set(of, [...(seen.get(of) ?? []), (event.payload as { batch_size: number }).batch_size]);
    }
    const marks = new Map(sequences.flatMap((given) => [...given.marks]));
    marks.set(
      key,
      Array.from({ length: 750 }, (_, index) => index),
    );
    assert.deepEqual(seen, new Map([...seen.keys()].map((of) => [of, marks.get(of)])), why);
    assert.equal(seen.size, marks.size);
    assertTold(await readEvents(environment, ['INTENT_RESULT']), ids);
    const texts = sequences.reduce((sum, given) => sum + given.texts, 0);
    const copied = await copiesOf(environment.endpoints.kafka.brokers, topic);
    assert.deepEqual(
      [copied(/^envelope: expected JSON/), copied(/^Temporal refused it: /)],
      [texts, refused.length],
      why,
    );
  }
});
