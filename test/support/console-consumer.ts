/** Kafka's own console consumer and producer: clients that share no code with what is tested. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fetchKafka, kafkaClassPath } from '../../src/stack/native/kafka-jars.js';
import { runCommand } from '../../src/stack/process/run.js';
import { createReporter } from '../../src/stack/progress.js';

export interface ConsoleRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReadTopicOptions {
  /** Stop after this many: faster, but blind to any beyond. Default: read until nothing came for `timeoutMs`. */
  readonly expect?: number;
  /** Longest pause between two records. Default 4,000; 20,000 with `expect`. */
  readonly timeoutMs?: number;
  /** Leave out records of aborted transactions. Default false. */
  readonly committedOnly?: boolean;
}

/** Control characters: JSON may hold them escaped only. */
const FIELD = '\u001f';
const RECORD = '\u001e';
const HEADER = '\u001d';
const NULL = '\u001c';
const NO_HEADERS = 'NO_HEADERS';

/**
 * From the beginning, in the order of each partition.
 * @param cacheDir the stack's; Kafka's jars are fetched into it when they are not there.
 */
export async function readTopic(
  endpoints: { readonly kafka: { readonly brokers: readonly string[] } },
  cacheDir: string,
  topic: string,
  { expect, timeoutMs = expect === undefined ? 4_000 : 20_000, committedOnly = false }: ReadTopicOptions = {},
): Promise<ConsoleRecord[]> {
  const java = await consoleTool(cacheDir);
  const properties = {
    'print.key': 'true',
    'print.headers': 'true',
    'key.separator': FIELD,
    'line.separator': RECORD,
    'headers.separator': HEADER,
    'null.literal': NULL,
  };
  const { stdout } = await promisify(execFile)(
    'java',
    [
      ...java,
      ...['org.apache.kafka.tools.consumer.ConsoleConsumer', '--bootstrap-server', endpoints.kafka.brokers.join(',')],
      ...['--topic', topic, '--from-beginning', '--timeout-ms', String(timeoutMs)],
      ...(expect === undefined ? [] : ['--max-messages', String(expect)]),
      ...(committedOnly ? ['--isolation-level', 'read_committed'] : []),
      ...Object.entries(properties).flatMap(([name, value]) => ['--property', `${name}=${value}`]),
    ],
    { maxBuffer: 512 * 1024 * 1024, encoding: 'utf8' },
  );
  return stdout.split(RECORD).slice(0, -1).map(parseRecord);
}

/** Arguments of `java` for one of the broker's console tools. */
async function consoleTool(cacheDir: string): Promise<string[]> {
  await fetchKafka(cacheDir, { run: runCommand, reporter: createReporter(undefined) });
  const classPath = ['-cp', kafkaClassPath(cacheDir)];
  // Log lines would come between the records.
  return ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Dorg.apache.logging.log4j.level=OFF', ...classPath];
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
