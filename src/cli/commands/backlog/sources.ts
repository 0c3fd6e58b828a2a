/** This module asks each server what waits in it. A server that does not answer hides nothing of the others. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../../config.js';
import { topicOf } from '../../../domain/events/event-types.js';
import { counted } from '../../../domain/intents/definition.js';
import { EXECUTE_LISTS } from '../../../domain/sharing/shared-list.js';
import { createKafka } from '../../../kafka/client.js';
import { type GroupLag, readGroupLag } from '../../../kafka/group-lag.js';
import { intakeGroup, kafkaSettings } from '../../../kafka/settings.js';
import { readBacklog } from '../../../postgres/backlog.js';
import { withConnection } from '../../../temporal/connect.js';
import { queueBacklog } from '../../../temporal/inspect.js';
import { quoted } from '../../../temporal/visibility.js';
import { endpointsOf } from '../../context.js';
import { withPool } from '../../database.js';

/** A `Waiting` is one kind of what waits. */
export interface Waiting {
  readonly what: string;
  readonly count: number;
  /** The age of the oldest in seconds; null when nobody knows it, or nothing waits. */
  readonly oldestSeconds: number | null;
  /** More about it, in words. */
  readonly more?: string;
}

/** The workflow types that execute lists. */
const OF_LISTS = ['ExecuteIntentsWorkflow', EXECUTE_LISTS, 'ExecuteSliceWorkflow', 'ExecuteParkedListsWorkflow'];

const aged = (what: string, count: number, seconds: number): Waiting => ({
  what,
  count,
  oldestSeconds: count === 0 ? null : Math.round(seconds),
});

export async function inTemporal(config: Config): Promise<Waiting[]> {
  const { temporal } = await endpointsOf(config, 'temporal');
  return withConnection(temporal, async (connection) => {
    const { namespace } = temporal;
    const taskQueue = config.TEMPORAL_TASK_QUEUE;
    const types = OF_LISTS.map((type) => `'${type}'`).join(', ');
    const query = `WorkflowType IN (${types}) AND TaskQueue = ${quoted(taskQueue)} AND ExecutionStatus = 'Running'`;
    const [{ count }, { tasks, oldestSeconds }] = await Promise.all([
      connection.workflowService.countWorkflowExecutions({ namespace, query }),
      queueBacklog(connection, namespace, taskQueue),
    ]);
    return [
      { what: 'executions that run', count: Number(count), oldestSeconds: null },
      aged('tasks that no worker has taken', tasks, oldestSeconds),
    ];
  });
}

/** Milliseconds between two looks at the intake, by which its rate is known. */
const BETWEEN_LOOKS_MS = 2_000;

export async function inKafka(config: Config): Promise<Waiting[]> {
  const { kafka: server } = await endpointsOf(config, 'kafka');
  const kafka = createKafka(kafkaSettings(config, server));
  const topic = topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED');
  const look = (): Promise<GroupLag> => readGroupLag(kafka, intakeGroup(config), topic);
  const before = await look();
  const what = 'messages of the intake';
  if (before.waiting === 0) return [{ what, count: 0, oldestSeconds: null }];
  const startedAt = Date.now();
  await sleep(BETWEEN_LOOKS_MS);
  const now = await look();
  const perSecond = ((now.taken - before.taken) / (Date.now() - startedAt)) * 1_000;
  return [{ what, count: now.waiting, oldestSeconds: null, more: pace(now, perSecond) }];
}

const pace = ({ waiting, partitions }: GroupLag, perSecond: number): string =>
  perSecond > 0
    ? `${Math.ceil(perSecond)} a second are taken: ${Math.ceil(waiting / perSecond)} s more`
    : `none is being taken from ${counted(partitions, 'partition')}`;

export async function inPostgres(config: Config): Promise<Waiting[]> {
  const { postgres } = await endpointsOf(config, 'postgres');
  const { openLetters, oldestLetterSeconds, parkedLists, oldestParkedSeconds } = await withPool(postgres, readBacklog);
  return [
    aged('dead letters', openLetters, oldestLetterSeconds),
    aged('parked lists', parkedLists, oldestParkedSeconds),
  ];
}
