/**
 * This module holds the worker's metrics of intents, events and breakers; those of PostgreSQL are in
 * `database-metrics.ts`.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Instruments } from '../../activities/execution/batch-activity.js';
import * as effects from '../../activities/registry.js';
import type { Store } from '../domain/failures/store.js';
import type { BreakerState, StoreBreaker } from '../flow-control/store-breaker.js';
import type { DeadLetterStore } from '../domain/dead-letters/port.js';
import type { EventPublisher } from '../domain/events/publisher.js';
import { loginCounter } from '../flow-control/refused-logins.js';
import { BUCKETS, type DatabaseMetrics, databaseMetrics } from './database-metrics.js';

export interface Metrics extends Instruments, DatabaseMetrics {
  /** Reads the breaker's state whenever the metrics are read. */
  watchBreaker(breaker: StoreBreaker): void;
  breakerChanged(store: Store, state: BreakerState): void;
  breakerRefused(store: Store): void;
  /** Shows for how many seconds intents wait for a store that is unavailable. */
  showOutageBudget(seconds: number): void;
  readonly loginRefused: (store: Store) => void;
  /** Wraps a publisher, to count the events that a broker has acknowledged. */
  countPublished(publisher: EventPublisher): EventPublisher;
  /** Wraps a store, to count the events that become dead letters, and the letters that are redriven. */
  countDeadLetters(store: DeadLetterStore): DeadLetterStore;
  readonly registry: Registry;
}

const INTENT_TYPES = Object.values(effects).map(({ definition }) => definition.type);

/** The states in the order of the gauge's values. */
const BREAKER_STATES: readonly BreakerState[] = ['closed', 'half-open', 'open'];

/** @param registry has the metrics of the process already, if there are any. */
export function createMetrics(registry = new Registry()): Metrics {
  const registers = [registry];
  return {
    registry,
    ...intentMetrics(registers),
    ...databaseMetrics(registers),
    ...breakerMetrics(registers),
    ...eventMetrics(registers),
    loginRefused: loginCounter(registry, ['postgres', 'kafka', 'temporal']),
  };
}

function intentMetrics(registers: Registry[]): Instruments {
  const executed = new Counter({
    name: 'intents_executed_total',
    help: 'Intents that have ended, invalid ones too',
    labelNames: ['intent_type', 'status'],
    registers,
  });
  const failed = new Counter({
    name: 'intents_failed_total',
    help: 'Intents that have ended without success',
    labelNames: ['intent_type'],
    registers,
  });
  // An alert needs the zero: it sees no growth in a counter that begins with its first failure.
  for (const type of [...INTENT_TYPES, 'unknown']) failed.inc({ intent_type: type }, 0);
  const duration = new Histogram({
    name: 'intent_duration_seconds',
    help: 'Time the batch of an intent took in its activity; 0 for one that planning refused',
    labelNames: ['intent_type'],
    buckets: BUCKETS,
    registers,
  });
  const conflicts = new Counter({
    name: 'list_conflicts_total',
    help: 'Lists of the intake under an event id that belongs to another list',
    registers,
  });
  const sums = new Map<string, { ms: number; count: number }>();
  new Gauge({
    name: 'avg_intent_latency_ms',
    help: 'Mean time of an intent in its activity since the worker started',
    labelNames: ['intent_type'],
    registers,
    collect() {
      for (const [intent_type, { ms, count }] of sums) this.set({ intent_type }, ms / count);
    },
  });
  return {
    ended(intent_type, status, seconds) {
      executed.inc({ intent_type, status });
      if (status !== 'succeeded') failed.inc({ intent_type });
      duration.observe({ intent_type }, seconds);
      const sum = sums.get(intent_type) ?? { ms: 0, count: 0 };
      sums.set(intent_type, { ms: sum.ms + seconds * 1_000, count: sum.count + 1 });
    },
    conflicted: (lists) => conflicts.inc(lists),
  };
}

function breakerMetrics(
  registers: Registry[],
): Pick<Metrics, 'watchBreaker' | 'breakerChanged' | 'breakerRefused' | 'showOutageBudget'> {
  const breakers: StoreBreaker[] = [];
  new Gauge({
    name: 'circuit_breaker_state',
    help: 'Circuit breaker of a store: 0 closed, 1 half-open, 2 open',
    labelNames: ['store'],
    registers,
    collect() {
      for (const { store, state } of breakers) this.set({ store }, BREAKER_STATES.indexOf(state));
    },
  });
  const changes = new Counter({
    name: 'circuit_breaker_state_changes_total',
    help: "Times a store's circuit breaker went over to a state",
    labelNames: ['store', 'state'],
    registers,
  });
  const outages = new Map<Store, number>();
  new Gauge({
    name: 'store_outage_seconds',
    help: 'Time since the breaker of a store opened, until a call has succeeded; 0 while it is closed',
    labelNames: ['store'],
    registers,
    collect() {
      for (const { store } of breakers) {
        const since = outages.get(store);
        this.set({ store }, since === undefined ? 0 : (Date.now() - since) / 1_000);
      }
    },
  });
  const budget = new Gauge({
    name: 'outage_budget_seconds',
    help: 'Time that an intent waits for a store that is unavailable (OUTAGE_BUDGET_SECONDS)',
    registers,
  });
  const refusals = new Counter({
    name: 'circuit_breaker_refusals_total',
    help: 'Calls of a store that its circuit breaker refused',
    labelNames: ['store'],
    registers,
  });
  return {
    watchBreaker(breaker) {
      breakers.push(breaker);
      refusals.inc({ store: breaker.store }, 0);
    },
    breakerChanged(store, state) {
      changes.inc({ store, state });
      if (state === 'closed') outages.delete(store);
      else if (!outages.has(store)) outages.set(store, Date.now());
    },
    breakerRefused: (store) => refusals.inc({ store }),
    showOutageBudget: (seconds) => budget.set(seconds),
  };
}

function eventMetrics(registers: Registry[]): Pick<Metrics, 'countPublished' | 'countDeadLetters'> {
  const published = new Counter({
    name: 'kafka_events_published_total',
    help: 'Events a broker has acknowledged',
    labelNames: ['topic'],
    registers,
  });
  const deadLettered = new Counter({
    name: 'kafka_dead_letters_total',
    help: 'Events stored as dead letters',
    labelNames: ['topic'],
    registers,
  });
  const redriven = new Counter({
    name: 'kafka_dead_letters_redriven_total',
    help: 'Dead letters a broker has taken after all',
    registers,
  });
  return {
    countPublished: (publisher) => ({
      async publish(messages, options) {
        const outcomes = await publisher.publish(messages, options);
        for (const [index, { topic }] of messages.entries()) {
          if (outcomes[index]?.sent === true) published.inc({ topic });
        }
        return outcomes;
      },
    }),
    countDeadLetters: (store) => ({
      ...store,
      async add(letters, records) {
        const known = await store.add(letters, records);
        for (const { message } of letters) deadLettered.inc({ topic: message.topic });
        return known;
      },
      async redrive(filter, after, limit, outlet) {
        const page = await store.redrive(filter, after, limit, outlet);
        redriven.inc(page.redriven);
        return page;
      },
    }),
  };
}
