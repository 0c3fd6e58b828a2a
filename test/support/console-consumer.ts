/** Kafka's own console consumer and producer: clients that share no code with what is tested. */
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
import { until } from '../../src/until.js';

export interface ConsoleRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReadTopicOptions {
  /** Waits until the topic holds at least this many. Default: takes what it holds now. */
  readonly expect?: number;
  /** Longest wait, for `expect` and for a record that the broker owes. Default 20,000. */
  readonly timeoutMs?: number;
}

/** A short life: little is compiled, and one thread collects garbage. A missing or foreign class archive is passed over. */
const JVM = [
  '-Xmx256m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xshare:auto',
  '-Xlog:disable',
  '-Xlog:all=off',
];

/** Control characters: JSON may hold them escaped only. */
const FIELD = '\u001f';
const RECORD = '\u001e';
const HEADER = '\u001d';
const NULL = '\u001c';
const NO_HEADERS = 'NO_HEADERS';

/**
 * All that a topic holds when it is called, in the order of each partition: the end offsets say how many records there are, so
 * that the consumer need not wait for silence. Topics with transactions have more offsets than records, and are not for this.
 * @param cacheDir the stack's; Kafka's jars are fetched into it when they are not there.
 */
export async function readTopic(
  { kafka: { brokers } }: { readonly kafka: { readonly brokers: readonly string[] } },
  cacheDir: string,
  topic: string,
  { expect = 0, timeoutMs = 20_000 }: ReadTopicOptions = {},
): Promise<ConsoleRecord[]> {
  const records = await recordsIn(brokers, topic, expect, timeoutMs);
  if (records === 0) return [];
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
      ...['--topic', topic, '--from-beginning', '--timeout-ms', String(timeoutMs), '--max-messages', String(records)],
      ...Object.entries(properties).flatMap(([name, value]) => ['--property', `${name}=${value}`]),
    ],
    { maxBuffer: 512 * 1024 * 1024, encoding: 'utf8' },
  );
  await archive.keep();
  const read = stdout.split(RECORD).slice(0, -1).map(parseRecord);
  assert.equal(read.length, records, `${topic}: the console consumer read ${read.length} of ${records} records`);
  return read;
}

/** Asks the broker how many records a topic holds, again until there are `expect`. */
async function recordsIn(
  brokers: readonly string[],
  topic: string,
  expect: number,
  timeoutMs: number,
): Promise<number> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await until(timeoutMs, async () => {
      const offsets = await admin.fetchTopicOffsets(topic);
      const records = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
      assert.ok(records >= expect, `${topic}: ${records} of ${expect} records`);
      return records;
    });
  } finally {
    await admin.disconnect();
  }
}

/** The first consumer leaves its loaded classes behind, and the later ones start with them: 1.0 s of CPU instead of 1.9 s. */
function classArchive(cacheDir: string): { args: string[]; keep(): Promise<void> } {
  const file = join(cacheDir, `kafka-console-${KAFKA}.jsa`);
  if (existsSync(file)) return { args: [`-XX:SharedArchiveFile=${file}`], keep: () => Promise.resolve() };
  const temporary = `${file}.${process.pid}`;
  return { args: [`-XX:ArchiveClassesAtExit=${temporary}`], keep: () => rename(temporary, file) };
}

/** Arguments of `java` for one of the broker's console tools. */
async function consoleTool(cacheDir: string): Promise<string[]> {
  await fetchKafka(cacheDir, { run: runCommand, reporter: createReporter(undefined) });
  const classPath = ['-cp', kafkaClassPath(cacheDir)];
  // Log lines would come between the records.
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
