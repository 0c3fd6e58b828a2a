/**
 * This module creates topics explicitly: automatic creation is off on the broker, and a typo must not become a topic.
 */
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { isRefusedRight } from '../domain/failures/failure-table.js';
import { until } from '../flow-control/until.js';
import { PUBLISHABLE_EVENT_TYPES, SERVICE_EVENT_TYPES, topicOf } from '../domain/events/event-types.js';
import { counted } from '../domain/intents/definition.js';
import { withAdmin } from './admin.js';
import { toEffectError } from './failures.js';

export interface TopicSettings {
  readonly prefix: string;
  /** Partitions of an event topic; default 3. A `.dlq` topic has 1. */
  readonly partitions: number;
  /** Replicas of a topic; -1 (default) takes the broker's default. */
  readonly replicationFactor: number;
  readonly dlqSuffix: string;
}

/** Milliseconds to wait for leaders. Brokers learn of new topics within a second; a loaded one has taken five. */
const LEADERS_MS = 30_000;

export const eventTopics = (prefix: string): string[] =>
  [...PUBLISHABLE_EVENT_TYPES, ...SERVICE_EVENT_TYPES].map((eventType) => topicOf(prefix, eventType));

/** Returns the installation's topics and their `.dlq` topics. */
export const allTopics = ({ prefix, dlqSuffix }: Pick<TopicSettings, 'prefix' | 'dlqSuffix'>): string[] =>
  eventTopics(prefix).flatMap((topic) => [topic, `${topic}${dlqSuffix}`]);

/** Returns the retention of each topic that exists, in seconds; Infinity: for ever. */
export async function topicRetention(admin: Admin, topics: readonly string[]): Promise<Map<string, number>> {
  const all = new Set(await admin.listTopics());
  const existing = topics.filter((topic) => all.has(topic));
  if (existing.length === 0) return new Map();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: existing.map((name) => ({
      // The type is taken from the default export: Node does not find its name among the exports of this CommonJS
      // module.
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: ['retention.ms', 'cleanup.policy'],
    })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => {
      const setting = (name: string) => configEntries.find(({ configName }) => configName === name)?.configValue;
      const ms = Number(setting('retention.ms') ?? -1);
      const deletes = (setting('cleanup.policy') ?? 'delete').includes('delete');
      return [resourceName, deletes && ms >= 0 ? ms / 1_000 : Infinity];
    }),
  );
}

/** A topic as an administrator creates it. */
export interface MissingTopic {
  readonly topic: string;
  readonly partitions: number;
}

export interface CreatedTopics {
  readonly created: readonly string[];
  /** Missing topics that this user has no right to create, or to see. */
  readonly refused: readonly MissingTopic[];
}

/** Says which topics are missing, and which right, in one sentence. */
export const refusedInWords = (refused: readonly MissingTopic[]): string =>
  `this user has no right Create on ${counted(refused.length, 'topic')} that it misses: create them, or its ACL ` +
  `(KAFKA_SASL_USERNAME): ${refused.map(({ topic }) => topic).join(', ')}`;

/** Creates missing topics; topics that exist are left as they are. @throws EffectError */
export const createTopics = (kafka: Kafka, settings: TopicSettings): Promise<CreatedTopics> =>
  withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const wanted = eventTopics(settings.prefix).flatMap((topic) => [
      { topic, numPartitions: settings.partitions, replicationFactor: settings.replicationFactor },
      { topic: `${topic}${settings.dlqSuffix}`, numPartitions: 1, replicationFactor: settings.replicationFactor },
    ]);
    const missing = wanted.filter(({ topic }) => !existing.has(topic));
    if (missing.length === 0) return { created: [], refused: [] };
    // `waitForLeaders` is off: it gives up on the first broker that has not heard of a topic yet.
    const refusedNames = await admin.createTopics({ topics: missing, waitForLeaders: false }).then(
      () => new Set<string>(),
      (error: unknown) => refusedTopics(error),
    );
    const created = missing.map(({ topic }) => topic).filter((topic) => !refusedNames.has(topic));
    if (created.length > 0) await until(LEADERS_MS, () => admin.fetchTopicMetadata({ topics: created }));
    const refused = missing.filter(({ topic }) => refusedNames.has(topic));
    return { created, refused: refused.map(({ topic, numPartitions: partitions }) => ({ topic, partitions })) };
  });

/** Returns the topics that brokers have refused for want of a right. @throws what else they have refused any for. */
function refusedTopics(error: unknown): Set<string> {
  if (!(error instanceof kafkajs.KafkaJSAggregateError)) throw error;
  const errors: readonly unknown[] = error.errors;
  const others = errors.filter((one) => !isRefusedRight(one) && !isExistingTopic(one));
  if (others.length > 0) throw error;
  return new Set(errors.flatMap((one) => (isRefusedRight(one) && isOfTopic(one) ? [one.topic] : [])));
}

const isOfTopic = (error: unknown): error is { readonly topic: string } =>
  error instanceof Error && 'topic' in error && typeof error.topic === 'string';

/** Another process has created it meanwhile. */
const isExistingTopic = (error: unknown): boolean =>
  error instanceof kafkajs.KafkaJSProtocolError && error.type === 'TOPIC_ALREADY_EXISTS';

/** Returns those of some topics that do not exist. @throws EffectError naming those that this user may not see. */
export async function missingTopics(admin: Admin, topics: readonly string[]): Promise<string[]> {
  const existing = new Set(await admin.listTopics());
  const missing = topics.filter((topic) => !existing.has(topic));
  const hidden: string[] = [];
  let refusal: unknown;
  for (const topic of missing) {
    // One topic is asked for at a time, because kafkajs gives one error for all.
    await admin.fetchTopicMetadata({ topics: [topic] }).catch((error: unknown) => {
      if (!isRefusedRight(error)) return;
      refusal = error;
      hidden.push(topic);
    });
  }
  if (hidden.length > 0) throw toEffectError(refusal, { operation: 'Describe', topics: hidden });
  return missing;
}
