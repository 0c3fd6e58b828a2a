/** A gate is an intent type that waits. It stops an execution at a point of a test's choosing. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { type AnyEffect, defineEffect } from '../../activities/effects/effect.js';
import type { Intent } from '../../src/client/index.js';
import { defineIntent } from '../../src/domain/intents/definition.js';
import type { Execution, MemoryWorker } from './memory-worker.js';

export interface Gate {
  readonly effect: AnyEffect;
  /** Closes the gate. @returns a promise that resolves when the next intent has come to the gate. */
  close(): Promise<void>;
  /** Waits at the gate as an intent does, for another caller: an activity, say. */
  pass(): Promise<void>;
  open(): void;
  /** Number of times that something has come to the gate. */
  readonly calls: number;
}

/** @param priority below those of the intents that are to run before this one. */
export const gatedIntent = (priority: number): Intent =>
  ({ intent_type: 'Gated', target: 'store_effect', priority, payload: {} }) as unknown as Intent;

/** Makes a gate for the `describe` that calls this, and opens it after each test. */
export function useGate(): Gate {
  const gate = createGate();
  afterEach(() => {
    gate.open();
  });
  return gate;
}

export function createGate(): Gate {
  let entered: () => void = () => undefined;
  const waiting: (() => void)[] = [];
  let closed = false;
  let calls = 0;
  const definition = defineIntent({
    type: 'Gated',
    target: 'store_effect',
    defaultPriority: 0,
    schema: z.looseObject({}),
    activity: 'gated',
    retryPolicy: 'write',
    limits: { count: 1, bytes: 900_000 },
    orderKey: () => '',
    describe: () => '',
    store: 'postgres',
    announce: () => null,
  });
  const pass = async (): Promise<void> => {
    calls += 1;
    entered();
    if (closed) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const effect = defineEffect(definition, () => async ({ commands }) => {
    await pass();
    const settled_at = new Date().toISOString();
    return commands.map(() => ({ ok: true as const, result: {}, settled_at, repeated: false }));
  });
  return {
    effect,
    pass,
    get calls() {
      return calls;
    },
    close() {
      closed = true;
      return new Promise((resolve) => (entered = resolve));
    },
    open: () => {
      closed = false;
      for (const release of waiting.splice(0)) release();
    },
  };
}

/** Cancels an execution that waits at the gate, lets it go on, and waits until it has ended as cancelled. */
export async function cancelHeld(
  worker: Pick<MemoryWorker, 'cancel'>,
  gate: Pick<Gate, 'open'>,
  held: Promise<void>,
  execution: Execution,
): Promise<void> {
  await held;
  await worker.cancel(execution);
  gate.open();
  await assert.rejects(execution.result());
  assert.equal((await execution.describe()).status.name, 'CANCELLED');
}
