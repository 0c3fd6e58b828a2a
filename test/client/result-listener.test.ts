/** What the topic does not bring is asked for: a verdict that is stored is told, whatever became of its event. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import type { Client } from '@temporalio/client';
import type { Kafka } from 'kafkajs';
import { ResultListener } from '../../src/client/result-listener.js';
import type { FoundVerdicts } from '../../src/domain/intake/slice.js';
import type { Verdict } from '../../src/domain/intake/list.js';

describe('listener for results', () => {
  const listeners: ResultListener[] = [];
  afterEach(async () => {
    mock.timers.reset();
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  });

  /** A topic that brings what its consumers are handed, and a service that has the verdicts of `stored`. */
  function setUp() {
    mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
    const stored = new Set<string>();
    let beginListening: () => void = () => undefined;
    const ends = new Promise((resolve) => (beginListening = () => resolve([{ partition: 0, high: '7' }])));
    let questions = 0;
    const found = (ids: readonly string[]): FoundVerdicts => {
      questions += 1;
      return { verdicts: ids.filter((id) => stored.has(id)).map((event_id) => ({ event_id }) as Verdict), left: [] };
    };
    const temporal = {
      withAbortSignal: (_signal: AbortSignal, call: () => unknown) => call(),
      workflow: {
        execute: (_name: string, { args }: { args: [{ event_ids: readonly string[] }] }) =>
          Promise.resolve(found(args[0].event_ids)),
      },
    } as unknown as Client;
    const nothing = () => Promise.resolve();
    const consumers: { bring: (eventId: string) => Promise<void>; crash: () => void }[] = [];
    const kafka = {
      admin: () => ({ connect: nothing, disconnect: nothing, fetchTopicOffsets: () => ends }),
      consumer: () => {
        const consumer = { bring: (_eventId: string) => nothing(), crash: (): void => undefined };
        consumers.push(consumer);
        return {
          ...{ connect: nothing, subscribe: nothing, disconnect: nothing },
          events: { GROUP_JOIN: 'GROUP_JOIN', CRASH: 'CRASH' },
          on(name: string, listener: (event: { payload: { restart: boolean } }) => void) {
            if (name === 'CRASH') consumer.crash = () => listener({ payload: { restart: false } });
          },
          run({ eachMessage }: { eachMessage: (given: unknown) => Promise<void> }) {
            consumer.bring = (event_id) => {
              const value = JSON.stringify({ payload: { event_id, results: [] } });
              return eachMessage({ partition: 0, message: { offset: '7', value: Buffer.from(value) } });
            };
            return nothing();
          },
        };
      },
    } as unknown as Kafka;
    const listener = new ResultListener(kafka, 'prefix', temporal, 'queue');
    listeners.push(listener);
    const told: string[] = [];
    /** Waits for ten minutes, and ends with the listener. */
    const wait = (eventId: string) => {
      listener.result(eventId, 600_000).then(
        ({ event_id }) => told.push(event_id),
        () => undefined,
      );
    };
    return { stored, told, wait, consumers, beginListening: () => beginListening(), questions: () => questions };
  }
  /** More turns than what waits for nothing needs. */
  const turns = async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };

  it('tells a result that is stored while it listens, and that the topic does not bring, within half a minute', async () => {
    const { stored, told, wait, beginListening } = setUp();
    beginListening();
    for (const eventId of ['dead letter', 'still runs']) wait(eventId);
    await turns();
    mock.timers.tick(30_000);
    await turns();
    assert.deepEqual(told, [], 'nothing is stored yet');
    stored.add('dead letter');
    mock.timers.tick(30_000);
    await turns();
    assert.deepEqual(told, ['dead letter']);
  });

  it('tells a result at once that went out after the first question, before the offset it listens from', async () => {
    const { stored, told, wait, beginListening, questions } = setUp();
    wait('between');
    await turns();
    assert.deepEqual([questions(), told], [1, []]);
    stored.add('between');
    beginListening();
    await turns();
    assert.deepEqual(told, ['between']);
  });

  it('listens again, for the next one who waits, after its consumer has crashed', async () => {
    const { told, wait, beginListening, consumers } = setUp();
    beginListening();
    wait('before');
    await turns();
    consumers[0]!.crash();
    wait('after');
    await turns();
    await consumers[1]?.bring('after');
    await turns();
    assert.deepEqual(told, ['after']);
  });
});
