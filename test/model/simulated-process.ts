/**
 * This module starts a process of the model. It is the real intake with a simulated consumer, a simulated Temporal and
 * a simulated publisher.
 */
import pino from 'pino';
import type { Kafka } from 'kafkajs';
import { Intake } from '../../src/intake/intake.js';
import { createSliceRunner } from '../../src/intake/slice-runner.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import type { EventPublisher, WireMessage } from '../../src/domain/events/publisher.js';
import { SliceCache } from '../../src/domain/intake/slice-cache.js';
import { type Process } from './process.js';
import { never } from './faults.js';
import { SimulatedConsumer } from './simulated-consumer.js';
import type { Simulation } from './simulation.js';

export const TOPIC = 'simulated';
const logger = pino({ level: 'silent' });

export function startProcess(world: Simulation, id: number, maxSlices: number): Process {
  const consumers: SimulatedConsumer[] = [];
  const kafka = {
    consumer: () => {
      const consumer = new SimulatedConsumer(world.topic, id);
      consumers.push(consumer);
      return consumer.asKafkajs();
    },
  } as unknown as Kafka;
  const watched: Process['watched'] = {};
  const intake = new Intake({
    kafka,
    groupId: 'simulated',
    topic: TOPIC,
    maxSlices,
    runner: createSliceRunner(world.temporal.client(id), {
      taskQueue: 'simulated',
      slices: new SliceCache(),
      eager: () => false,
    }),
    publisher: publisherOf(world, () => process),
    dlqSuffix: '.dlq',
    isRefused: () => false,
    mayStart: () => ({ ok: !world.faults.breakerOpen, retryAfterMs: 3_000 }),
    metrics: {
      watch: (state) => (watched.now = state),
      envelopes: () => undefined,
      poison: () => undefined,
      rebuilt: () => {
        world.assigned(id, new Set(), new Set());
      },
    },
    logger,
  });
  const process: Process = { id, intake, consumers, state: 'runs', refusedAt: 0, watched };
  return process;
}

function publisherOf(world: Simulation, process: () => Process): EventPublisher {
  const refused = { sent: false as const, error: new EffectError('unavailable', 'simulated: no broker') };
  return {
    publish: async (messages: readonly WireMessage[]) => {
      // A publish takes longer than what a process does between its last slice and its end.
      await world.clock.sleep(world.delay() * 5);
      // The connections of a dead process are closed.
      if (world.isDead(process().id)) await never();
      const { dlq } = world.faults;
      const count = dlq === 'up' ? messages.length : dlq === 'down' ? 0 : 1;
      const outcomes = messages.map((message, index) => {
        if (index >= count) {
          process().refusedAt = world.clock.now;
          return refused;
        }
        world.expectations.copied(message);
        return { sent: true as const };
      });
      await world.clock.sleep(world.delay());
      return world.isDead(process().id) ? never() : outcomes;
    },
  };
}
