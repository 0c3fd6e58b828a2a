/** This module reads how far a consumer group is behind its topic. */
import type { Kafka } from 'kafkajs';
import { withAdmin } from './admin.js';

/** A `GroupLag` says how many messages wait on a topic, and how many the group has taken so far. */
export interface GroupLag {
  readonly waiting: number;
  readonly partitions: number;
  /** The sum of the committed offsets, by whose growth a rate is measured. */
  readonly taken: number;
}

/**
 * A partition without a committed offset waits from its beginning on.
 * @throws EffectError when brokers do not answer, or the topic is missing.
 */
export const readGroupLag = (kafka: Kafka, groupId: string, topic: string): Promise<GroupLag> =>
  withAdmin(kafka, async (admin) => {
    const [ends, [committed]] = await Promise.all([
      admin.fetchTopicOffsets(topic),
      admin.fetchOffsets({ groupId, topics: [topic] }),
    ]);
    const offsets = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    const behind = ends.map(({ partition, low, high }) => {
      const at = Math.max(offsets.get(partition) ?? -1, Number(low));
      return { at, waiting: Math.max(Number(high) - at, 0) };
    });
    return {
      waiting: behind.reduce((sum, { waiting }) => sum + waiting, 0),
      partitions: ends.length,
      taken: behind.reduce((sum, { at }) => sum + at, 0),
    };
  });
