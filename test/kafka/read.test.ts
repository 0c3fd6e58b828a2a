/** A person who looks at topics sees each message once, whatever the broker goes through meanwhile. */
import assert from 'node:assert/strict';
import type { EachMessagePayload, Kafka } from 'kafkajs';
import { readTopics } from '../../src/kafka/read.js';

type Crash = (event: { payload: { restart: boolean; error: Error } }) => void;
interface Run {
  readonly crash: (restart: boolean) => void;
  readonly give: (offset: number) => Promise<void>;
}

/**
 * Makes one topic of three messages, read as `run` plays it. No broker can be made to crash a consumer between two
 * messages.
 */
function fakeKafka(run: (consumer: Run) => Promise<void>): Kafka {
  const admin = {
    connect: () => Promise.resolve(),
    fetchTopicOffsets: () => Promise.resolve([{ partition: 0, low: '0', high: '3' }]),
    deleteGroups: () => Promise.resolve([]),
    disconnect: () => Promise.resolve(),
  };
  let crashed: Crash | undefined;
  const consumer = {
    events: { CRASH: 'consumer.crash' },
    on: (_: string, listener: Crash) => (crashed = listener),
    connect: () => Promise.resolve(),
    subscribe: () => Promise.resolve(),
    run: ({ eachMessage }: { eachMessage: (payload: EachMessagePayload) => Promise<void> }) =>
      run({
        crash: (restart) => crashed?.({ payload: { restart, error: new Error('the coordinator is loading') } }),
        give: (offset) =>
          eachMessage({
            topic: 'orders',
            partition: 0,
            message: { offset: String(offset), key: null, value: Buffer.from(`message ${offset}`) },
          } as unknown as EachMessagePayload),
      }),
    disconnect: () => Promise.resolve(),
  };
  return { admin: () => admin, consumer: () => consumer } as unknown as Kafka;
}

const read = async (run: (consumer: Run) => Promise<void>): Promise<string[]> => {
  const messages = await readTopics(fakeKafka(run), ['orders'], () => true);
  return messages.map(({ value }) => value);
};

describe('topics to look at', () => {
  it('are read once though the consumer starts again by itself, before and between messages', async () => {
    const values = await read(async ({ crash, give }) => {
      crash(true);
      await give(0);
      await give(1);
      crash(true);
      for (const offset of [0, 1, 2]) await give(offset);
    });
    assert.deepEqual(values, ['message 0', 'message 1', 'message 2']);
  });

  it('are not waited for when it does not', async () => {
    await assert.rejects(
      read(async ({ crash, give }) => {
        await give(0);
        crash(false);
      }),
      { message: 'the coordinator is loading' },
    );
  });
});
