/**
 * This invariant says that nothing the intake took is forgotten. Offsets are committed behind what is answered or on
 * its way, and parked lists have a run.
 */
import { topicOf } from '../../src/domain/events/event-types.js';
import type { Environment } from '../support/environment.js';
import type { Execution } from './executions.js';
import { kafkaOf } from '../support/kafka-of.js';
import { readRecords, type TopicRecord } from '../support/records.js';
import { rejectionOf } from '../support/rejected.js';

export async function checkIntake(
  environment: Environment,
  executions: readonly Execution[],
  records: readonly TopicRecord[],
): Promise<readonly string[]> {
  const running = new Set(executions.filter(({ status }) => status === 'RUNNING').map(({ workflowId }) => workflowId));
  return [...(await checkParked(environment, running)), ...(await checkOffsets(environment, running, records))];
}

async function checkParked({ pool }: Environment, running: ReadonlySet<string>): Promise<string[]> {
  const { rows } = await pool.query<{ partition: string; lists: number }>(
    'SELECT partition, count(*)::int AS lists FROM intake_parked GROUP BY partition',
  );
  return rows
    .filter(({ partition }) => !running.has(`${partition}/parked`))
    .map(
      ({ partition, lists }) =>
        `${lists} lists of ${partition} are parked, and no execution runs that tries them again`,
    );
}

/** Checks that every message below a committed offset is answered, parked, copied, or in the slice that runs. */
async function checkOffsets(
  environment: Environment,
  running: ReadonlySet<string>,
  records: readonly TopicRecord[],
): Promise<string[]> {
  const { config, endpoints, pool } = environment;
  const topic = topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
  const committed = await committedOffsets(environment, topic);
  if (committed.size === 0) return [];
  const { rows } = await pool.query<{ event_id: string }>(
    'SELECT event_id FROM intake_verdicts UNION SELECT event_id FROM intake_parked',
  );
  const known = new Set(rows.map(({ event_id }) => event_id));
  const copied = new Set<string>();
  for (const { raw } of await readRecords(endpoints.kafka, [`${topic}${config.KAFKA_DLQ_SUFFIX}`])) {
    const copy = rejectionOf(raw.headers);
    copied.add(`${copy.partition ?? ''}/${copy.offset ?? ''}`);
  }
  return records.flatMap(({ topic: of, partition, offset, value }) => {
    if (of !== topic || offset >= (committed.get(partition) ?? 0n)) return [];
    if (copied.has(`${partition}/${offset}`) || running.has(`intake/${topic}/${partition}`)) return [];
    const eventId = eventIdOf(value);
    if (eventId !== undefined && known.has(eventId)) return [];
    return [
      `message ${partition}/${offset} (${eventId ?? 'no envelope'}) is committed, and neither answered, parked nor copied`,
    ];
  });
}

function eventIdOf(value: string | null): string | undefined {
  try {
    return (JSON.parse(value ?? '') as { event_id?: string }).event_id?.toLowerCase();
  } catch {
    return undefined;
  }
}

/** Returns the committed offsets by partition. The map is empty where no intake has committed anything. */
async function committedOffsets({ config, endpoints }: Environment, topic: string): Promise<Map<number, bigint>> {
  const groupId = config.KAFKA_GROUP_ID ?? `bridge-store-effect-intake-${config.KAFKA_TOPIC_PREFIX}`;
  const admin = kafkaOf(endpoints.kafka).admin();
  await admin.connect();
  try {
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
    return new Map(
      (offsets?.partitions ?? []).flatMap(({ partition, offset }) =>
        BigInt(offset) > 0n ? [[partition, BigInt(offset)] as const] : [],
      ),
    );
  } finally {
    await admin.disconnect();
  }
}
