/** This module holds the settings of Kafka, of dead letters and of the intake. */
import { z } from 'zod';
import { brokers } from './addresses.js';
import { LOCAL_STACK, seconds, setting, whole, word } from './setting.js';

export const kafka = {
  KAFKA_BOOTSTRAP_SERVERS: setting(brokers.optional(), {
    readBy: ['worker', 'intake', 'CLI', 'stack'],
    type: '`host:port` or `SASL_SSL://host:port`, several with commas; port 9092 without one',
    unset: LOCAL_STACK,
    about:
      'It is the brokers to find the Kafka cluster by. A protocol in front of them is that of `KAFKA_SECURITY_PROTOCOL`.',
    change: "Set it wherever Kafka is not the local stack's.",
  }),
  KAFKA_TOPIC_PREFIX: setting(
    z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,150}$/, 'expected letters, digits, dots, dashes or underscores')
      .default('omninode_bridge'),
    {
      readBy: ['worker', 'intake', 'CLI'],
      type: '1 to 150 letters, digits, dots, dashes or underscores',
      about: 'It is the prefix of every topic: `{prefix}.reducer.events.{event_type}`.',
      change: 'Give each installation on a shared cluster its own, and tell the clients (`kafka.topicPrefix`).',
    },
  ),
  KAFKA_TOPIC_PARTITIONS: setting(whole(1, 1_000).default(3), {
    readBy: ['worker', 'bridge setup'],
    about:
      'It is the partitions of an event topic that is created. A topic that exists keeps its partitions; a topic of `.dlq` copies has one.',
    change:
      'Raise it before the first `bridge setup` when the intake has to run more slices: a partition runs one at a time.',
  }),
  KAFKA_REPLICATION_FACTOR: setting(whole(-1, 32_767).default(-1), {
    readBy: ['worker', 'bridge setup'],
    about: "It is the replicas of a topic that is created. -1 takes the broker's default.",
    change: "Set it when the cluster's default is not what events need, usually 3.",
  }),
  KAFKA_TIMEOUT_SECONDS: setting(seconds(35).default(30), {
    readBy: ['worker', 'intake', 'bridge setup', 'bridge doctor'],
    about:
      "It is the longest wait for a broker's answer, in seconds. The worker gives a publish up after twice that and 5 s.",
    change:
      'Lower it to notice a broker that is gone sooner. It cannot exceed 35: a publish has to fit the 90 s of an activity attempt.',
  }),
  KAFKA_MAX_RETRY_ATTEMPTS: setting(whole(0, 20).default(3), {
    readBy: ['worker', 'intake', 'bridge setup', 'bridge doctor'],
    about:
      'It says how often an activity tries to publish an event before it becomes a dead letter; 0 is taken as 1. It is also how often kafkajs repeats connecting and administration.',
    change: 'Raise it when brokers are often unavailable for longer than three attempts take.',
  }),
  KAFKA_RETRY_BACKOFF_BASE: setting(seconds(60).default(0.3), {
    readBy: ['worker', 'intake', 'bridge setup', 'bridge doctor'],
    about:
      'It is the number of seconds before kafkajs repeats connecting or administration. The wait doubles each time, up to 5 s. The producer itself never repeats ([ADR 0004](adr/0004-kafka-without-client-retries.md)).',
    change: 'There is seldom a reason.',
  }),
  KAFKA_COMPRESSION: setting(word(['none', 'gzip', 'lz4']).optional(), {
    readBy: ['worker', 'bridge emit'],
    unset: '`lz4` in production, `gzip` in staging, else `none` (`ENVIRONMENT`)',
    about: 'It is the compression of produce requests.',
    change: "Set it to `none` when the worker's CPU is scarcer than the network.",
  }),
  KAFKA_BATCH_SIZE: setting(whole(1, 10_000).optional(), {
    readBy: ['worker'],
    unset: '100 in production and staging, else 500 (`ENVIRONMENT`)',
    about:
      'It is the most messages that concurrent activities put into one produce request. A request with that many does not linger any longer.',
    change: 'Raise it together with `BATCH_LINGER_MS` for more throughput.',
  }),
  BATCH_LINGER_MS: setting(whole(0, 1_000).optional(), {
    readBy: ['worker'],
    unset: '10 in production, 5 in staging, else 0 (`ENVIRONMENT`)',
    about:
      'It is the number of milliseconds that a produce request lingers for more messages. 0 sends at once when nothing is in flight.',
    change: 'Lower it for shorter lists of one caller; raise it for more throughput of many.',
  }),
  KAFKA_BREAKER_FAILURES: setting(whole(1, 1_000).default(5), {
    readBy: ['worker'],
    about: 'It says how many failures within the window open the circuit breaker of Kafka; as `PG_BREAKER_FAILURES`.',
    change: 'Raise it when short network faults open the breaker although the cluster is well.',
  }),
  KAFKA_BREAKER_WINDOW_SECONDS: setting(seconds(3_600).default(30), {
    readBy: ['worker'],
    about: 'It is the window, in seconds, in which `KAFKA_BREAKER_FAILURES` are counted.',
    change: 'Change it together with `KAFKA_BREAKER_FAILURES`.',
  }),
  KAFKA_BREAKER_OPEN_SECONDS: setting(seconds(3_600).default(30), {
    readBy: ['worker'],
    about: 'It says how long the breaker stays open, in seconds. Then one publish is let through as a probe.',
    change: 'Lower it when the cluster usually recovers sooner.',
  }),
  KAFKA_BREAKER_PROBE_SECONDS: setting(seconds(600).default(5), {
    readBy: ['worker'],
    about: 'It says how long the probe has to be answered, in seconds. Without an answer the breaker opens again.',
    change: 'Raise it when brokers that have just started answer slowly.',
  }),
};

export const deadLetters = {
  KAFKA_ENABLE_DLQ: setting(z.stringbool().default(true), {
    readBy: ['worker'],
    about:
      'It says whether an event that no broker takes becomes a dead letter. Otherwise its intent is retried, for `OUTAGE_BUDGET_SECONDS` in an outage, and ends as `unknown`.',
    change: 'Set it to `false` when a list is to wait for its events through an outage of Kafka.',
  }),
  KAFKA_DLQ_SUFFIX: setting(z.string().default('.dlq'), {
    readBy: ['worker', 'intake', 'bridge setup', 'bridge doctor'],
    about:
      'It is the ending of the name of a topic of `.dlq` copies; the name of the topic of the messages comes before it.',
    change: 'Set it when the cluster names such topics otherwise. Run `bridge setup` afterwards.',
  }),
  KAFKA_DLQ_MAX_REDRIVES: setting(whole(1, 1_000_000).default(10), {
    readBy: ['worker'],
    about:
      'It says how many redrives a broker may refuse before the automatic redrive leaves a dead letter to a person.',
    change: 'There is seldom a reason: a letter refused ten times is too large, or its topic forbids it.',
  }),
  DLQ_REDRIVE_SECONDS: setting(whole(0, 86_400).default(60), {
    readBy: ['bridge setup'],
    about:
      'It is the number of seconds between two automatic redrives of dead letters. 0 removes the schedule: only a person redrives then.',
    change: 'Raise it when redrives burden a cluster that is still recovering. Run `bridge setup` afterwards.',
  }),
  DLQ_LETTERS_PASS: setting(z.stringbool().default(false), {
    readBy: ['worker'],
    about:
      'It says whether later messages of a key are sent while a dead letter of it is open. Otherwise they become letters behind it, and the order holds.',
    change:
      "Set it to `true` when consumers need no order by key. Nothing waits then, and the key's order is lost for good.",
  }),
};

export const intake = {
  KAFKA_GROUP_ID: setting(z.string().optional(), {
    readBy: ['intake'],
    unset: '`bridge-store-effect-intake-` and `KAFKA_TOPIC_PREFIX`',
    about:
      'It is the consumer group of the intake. All processes of one group share the partitions of `INTENT_EMITTED`.',
    change:
      'Set it when the cluster allows only certain group names. A new group starts at the beginning of the topic.',
  }),
  INTAKE_MAX_SLICES: setting(whole(1, 1_000).default(12), {
    readBy: ['intake'],
    about:
      'It says how many slices one intake process has running. A slice holds up to 500 intents of one partition, or one larger list.',
    change:
      'Raise it to the number of partitions that one process reads, when `intake_lag` grows and the worker is not busy.',
  }),
};
