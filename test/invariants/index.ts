/**
 * An invariant is what holds at the end of every test on the servers, whatever the test was about. Each check reads the
 * stores themselves and returns what is wrong, as text. The environment fails its file when anything is wrong.
 */
import assert from 'node:assert/strict';
import { topicOf } from '../../src/domain/events/event-types.js';
import type { Environment } from '../support/environment.js';
import { checkContract, contractTopics } from './contract.js';
import { checkAnnounced, checkOnce, EVENT_TYPES } from './events.js';
import { checkTasks, type Execution, readExecutions } from './executions.js';
import { checkIntake } from './intake.js';
import { checkLocks } from './locks.js';
import { checkReports } from './reports.js';
import { checkResults } from './results.js';
import { readRecords, type TopicRecord } from '../support/records.js';
import { checkRows } from './rows.js';
import { replayRun } from '../support/replay.js';

type Invariant = keyof typeof CHECKS | 'replay';

/** Invariants that a file breaks on purpose, with the reason. */
export type Exceptions = Partial<Record<Invariant, string>>;

/** A check gets the executions and records, which are read once for all checks. */
type Check = (
  environment: Environment,
  executions: readonly Execution[],
  records: readonly TopicRecord[],
) => Promise<readonly string[]>;

const CHECKS = {
  rows: checkRows,
  reports: checkReports,
  results: checkResults,
  tasks: checkTasks,
  announced: checkAnnounced,
  once: checkOnce,
  intake: checkIntake,
  locks: checkLocks,
  contract: checkContract,
} satisfies Record<string, Check>;

/** @returns how many executions were replayed. @throws AssertionError naming every broken invariant. */
export async function assertInvariants(environment: Environment, exceptions: Exceptions): Promise<number> {
  const executions = await readExecutions(environment);
  const records = await readRecords(environment.endpoints.kafka, [
    ...EVENT_TYPES.map((type) => topicOf(environment.config.KAFKA_TOPIC_PREFIX, type)),
    ...contractTopics(environment),
  ]);
  const broken: string[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    if (exceptions[name as Invariant] !== undefined) continue;
    for (const problem of await check(environment, executions, records)) broken.push(`${name}: ${problem}`);
  }
  assert.equal(broken.length, 0, `${broken.length} invariants are broken:\n${broken.slice(0, 20).join('\n')}`);
  return exceptions.replay === undefined ? replayRun(executions, environment.temporal.options.dataConverter) : 0;
}
