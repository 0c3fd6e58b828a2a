/** This module runs Kafka's own console consumer and producer. They share no code with what is tested. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { fetchKafka, kafkaClassPath } from '../../src/stack/native/kafka-jars.js';
import { runCommand } from '../../src/stack/process/run.js';
import { createReporter } from '../../src/stack/progress.js';
import { KAFKA } from '../../src/stack/versions.js';
import { until } from '../../src/flow-control/until.js';

export interface ConsoleRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReadTopicOptions {
  /** Number of records that the topic has to hold before it is read. Default: takes what it holds now. */
  readonly expect?: number;
  /** Milliseconds to wait at most, for `expect` and for a record that the broker owes. Default 20,000. */
  readonly timeoutMs?: number;
}

/**
 * These options are for a JVM with a short life: little is compiled, and one thread collects garbage. A missing or
 * foreign class archive is passed over.
 */
const JVM = [
  '-Xmx256m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xshare:auto',
  '-Xlog:disable',
  '-Xlog:all=off',
];

/** The separators are control characters, because JSON may hold those escaped only. */
const FIELD = '\u001f';
const RECORD = '\u001e';
const HEADER = '\u001d';
const NULL = '\u001c';
const NO_HEADERS = 'NO_HEADERS';

interface Addresses {
  readonly kafka: {
    readonly brokers: readonly string[];
    /** Brokers that are asked for the number of records, without a login; default: the same. */
    readonly count?: readonly string[];
    /** Properties of the consumer, such as its login. */
    readonly properties?: Readonly<Record<string, string>>;
  };
}

/**
 * Returns all that a topic holds when it is called, in the order of each partition.
 * @param cacheDir the stack's cache; Kafka's jars are fetched into it when they are not there.
 */
export async function readTopic(
  addresses: Addresses,
  cacheDir: string,
  topic: string,
  options: ReadTopicOptions = {},
): Promise<ConsoleRecord[]> {
  return (await readTopics(addresses, cacheDir, [topic], options)).records;
}

/**
 * Reads all that topics hold when it is called, with one consumer. It returns the records in the order of each
 * partition, and how many each topic has. The end offsets say how many there are, so that the consumer need not wait
 * for silence. Topics with transactions have more offsets than records, and cannot be read by it.
 */
export async function readTopics(
  { kafka: { brokers, count = brokers, properties: login = {} } }: Addresses,
  cacheDir: string,
  topics: readonly string[],
  { expect = 0, timeoutMs = 20_000 }: ReadTopicOptions = {},
): Promise<{ readonly records: ConsoleRecord[]; readonly counts: ReadonlyMap<string, number> }> {
  const counts = await countRecords(count, topics, expect, timeoutMs);
  const total = totalOf(counts);
  if (total === 0) return { records: [], counts };
  const properties = {
    'print.key': 'true',
    'print.headers': 'true',
    'key.separator': FIELD,
    'line.separator': RECORD,
    'headers.separator': HEADER,
    'null.literal': NULL,
  };
  const archive = classArchive(cacheDir);
  const { stdout } = await promisify(execFile)(
    'java',
    [
      ...archive.args,
      ...(await consoleTool(cacheDir)),
      ...['org.apache.kafka.tools.consumer.ConsoleConsumer', '--bootstrap-server', brokers.join(',')],
      ...(topics.length === 1
        ? ['--topic', topics[0]!]
        : ['--include', topics.map((topic) => topic.replaceAll('.', '\\.')).join('|')]),
      ...['--from-beginning', '--timeout-ms', String(timeoutMs), '--max-messages', String(total)],
      ...Object.entries(properties).flatMap(([name, value]) => ['--property', `${name}=${value}`]),
      ...Object.entries(login).flatMap(([name, value]) => ['--consumer-property', `${name}=${value}`]),
    ],
    { maxBuffer: 512 * 1024 * 1024, encoding: 'utf8' },
  );
  await archive.keep();
  const records = stdout.split(RECORD).slice(0, -1).map(parseRecord);
  assert.equal(
    records.length,
    total,
    `${topics.join(', ')}: the console consumer read ${records.length} of ${total} records`,
  );
  return { records, counts };
}

const totalOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

/** Asks the broker how many records each topic holds, until there are `expect` together. */
async function countRecords(
  brokers: readonly string[],
  topics: readonly string[],
  expect: number,
  timeoutMs: number,
): Promise<Map<string, number>> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await until(timeoutMs, async () => {
      const counts = new Map<string, number>();
      for (const topic of topics) {
        const offsets = await admin.fetchTopicOffsets(topic);
        counts.set(
          topic,
          offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0),
        );
      }
      const total = totalOf(counts);
      assert.ok(total >= expect, `${topics.join(', ')}: ${total} of ${expect} records`);
      return counts;
    });
  } finally {
    await admin.disconnect();
  }
}

/**
 * Returns how to start with the class archive, which the first consumer leaves behind. The later consumers start with
 * its classes: 1.0 s of CPU instead of 1.9 s.
 */
function classArchive(cacheDir: string): { args: string[]; keep(): Promise<void> } {
  const file = join(cacheDir, `kafka-console-${KAFKA}.jsa`);
  if (existsSync(file)) return { args: [`-XX:SharedArchiveFile=${file}`], keep: () => Promise.resolve() };
  const temporary = `${file}.${process.pid}`;
  return { args: [`-XX:ArchiveClassesAtExit=${temporary}`], keep: () => rename(temporary, file) };
}

/** Returns the arguments of `java` for one of the broker's console tools. */
async function consoleTool(cacheDir: string): Promise<string[]> {
  await fetchKafka(cacheDir, { run: runCommand, reporter: createReporter(undefined) });
  const classPath = ['-cp', kafkaClassPath(cacheDir)];
  // The log is off, because its lines would come between the records.
  return [...JVM, '-Dorg.apache.logging.log4j.level=OFF', ...classPath];
}

/** Sends lines with Kafka's own console producer, packed as its client packs them. */
export async function sendLines(
  endpoints: { readonly kafka: { readonly brokers: readonly string[] } },
  cacheDir: string,
  {
    topic,
    compression,
    lines,
  }: { readonly topic: string; readonly compression: string; readonly lines: readonly string[] },
): Promise<void> {
  const sending = promisify(execFile)('java', [
    ...(await consoleTool(cacheDir)),
    ...['org.apache.kafka.tools.ConsoleProducer', '--bootstrap-server', endpoints.kafka.brokers.join(',')],
    ...['--topic', topic, '--compression-codec', compression],
  ]);
  sending.child.stdin?.end(`${lines.join('\n')}\n`);
  await sending;
}

function parseRecord(line: string): ConsoleRecord {
  const [headers = '', key = '', ...value] = line.split(FIELD);
  const orNull = (text: string): string | null => (text === NULL ? null : text);
  return { key: orNull(key), value: orNull(value.join(FIELD)), headers: parseHeaders(headers) };
}

function parseHeaders(text: string): Record<string, string> {
  if (text === NO_HEADERS) return {};
  const pairs = text.split(HEADER).map((pair) => [pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1)]);
  return Object.fromEntries(pairs) as Record<string, string>;
}
