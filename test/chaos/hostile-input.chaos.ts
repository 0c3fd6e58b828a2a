/**
 * These tests send 2,000 hostile requests to the workflow, past every client of ours, and 2,000 to `bridge execute`.
 * Each request ends with a report or a named refusal.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pLimit from 'p-limit';
import { type IntentsReport, RefusedError } from '../../src/client/index.js';
import { hostileLine, hostileRequest } from '../properties/hostile-lists.js';
import { bridge, type BridgeRun } from '../support/bridge.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { startRaw } from '../support/start-raw.js';
import { persistState, publishEvent } from '../support/intents.js';
import { END_MS, type Servers, startServers } from './support/servers.js';

const LISTS = 2_000;
const SIDE_BY_SIDE = 16;
/** Milliseconds after which an open execution is stuck. A workflow task that fails is tried again for ever. */
const STUCK_MS = 60_000;
/** Lines of a file. They are few enough for a process to be done with the file in half a minute. */
const LINES = 500;
/**
 * Number of files of one line, which are read as a whole and may hold a bare list. Each takes a second, because each is
 * a process.
 */
const ALONE = 12;

describe('hostile input', () => {
  const seed = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  let servers: Servers;
  let environment: Environment;
  before(async function () {
    this.timeout(15 * 60_000);
    servers = await startServers(0);
    environment = await createEnvironment({
      except: { once: 'lists of the fuzzer share the nil UUID as an intent id, and each of them tells that it failed' },
    });
  });
  after(async function () {
    this.timeout(END_MS);
    try {
      await (environment as Environment | undefined)?.close();
    } finally {
      await (servers as Servers | undefined)?.stop();
    }
  });

  it(`ends ${LISTS} fuzzed lists with a report or a named refusal`, async () => {
    const texts = fc.sample(hostileRequest, { seed, numRuns: LISTS });
    const limit = pLimit(SIDE_BY_SIDE);
    const ends = new Map<string, number>();
    const failures: string[] = [];
    await Promise.all(
      texts.map((text, index) =>
        limit(async () => {
          try {
            const end = await endOf(environment, text);
            ends.set(end, (ends.get(end) ?? 0) + 1);
          } catch (error) {
            failures.push(`PROPERTY_SEED=${seed}, list ${index}: ${String(error)}: ${text.slice(0, 1_000)}`);
          }
        }),
      ),
    );
    process.stderr.write(`      ${[...ends].map(([end, count]) => `${end} ${count}`).join(', ')}\n`);
    assert.deepEqual(failures, []);
    // All three endings occurred, so the fuzzer neither only breaks lists nor only leaves them whole.
    for (const end of ['completed', 'partial', 'refused']) assert.ok((ends.get(end) ?? 0) > 20, end);
    const after = await environment.client.executeIntents([persistState(), publishEvent()]);
    assert.equal(after.outcome, 'completed', 'the worker is as good as before');
  }).timeout(15 * 60_000);

  it(`ends ${LISTS} fuzzed lines for the command line with a report or a named refusal`, async () => {
    const lines = fc.sample(hostileLine, { seed, numRuns: LISTS });
    const files = Array.from({ length: LISTS / LINES }, (_, index) => lines.slice(index * LINES, (index + 1) * LINES));
    files.push(...lines.slice(0, ALONE).map((line) => [line]));
    const ends = new Map<string, number>();
    for (const [index, file] of files.entries()) {
      const run = await bridge(['execute', '-', '--json'], environment.env, file.join('\n'));
      try {
        for (const end of checkRun(run, file)) ends.set(end, (ends.get(end) ?? 0) + 1);
      } catch (error) {
        throw new Error(`PROPERTY_SEED=${seed}, file ${index}: ${String(error)}`, { cause: error });
      }
    }
    process.stderr.write(`      ${[...ends].map(([end, count]) => `${end} ${count}`).join(', ')}\n`);
    for (const end of ['completed', 'partial', 'refused']) assert.ok((ends.get(end) ?? 0) > 20, end);
  }).timeout(15 * 60_000);
});

/**
 * Checks that standard output has a line for each line of the file, and standard error one for each refusal.
 * @returns the outcomes.
 */
function checkRun(run: BridgeRun, file: readonly string[]): string[] {
  const notes = run.stderr.split('\n').filter(Boolean);
  const records = run.json() as (IntentsReport | Refused)[];
  const refused = records.filter((record): record is Refused => record.outcome === 'refused');
  const reports = records.filter((record): record is IntentsReport => record.outcome !== 'refused');
  for (const { line, error } of refused) assert.match(error, /expected|limit|JSON/, file[line - 1]);
  assert.deepEqual(
    notes.sort(),
    refused.map(({ line, error }) => `bridge: line ${line}: ${error}`).sort(),
    'standard error says more, or less, than what is refused',
  );
  const wrong = new Set(refused.map(({ line }) => line));
  assert.equal(wrong.size, refused.length, 'a line was refused twice');
  const carried = file.filter((_, index) => !wrong.has(index + 1)).map((text) => intentsOf(text).length);
  assert.deepEqual(reports.map(({ results }) => results.length).sort(), carried.sort());
  reports.forEach(checkResults);
  const failed = reports.some(({ outcome }) => outcome !== 'completed');
  assert.equal(run.code, refused.length > 0 ? 2 : failed ? 1 : 0);
  return records.map(({ outcome }) => outcome);
}

interface Refused {
  readonly line: number;
  readonly error: string;
  readonly outcome: 'refused';
}

/** @returns the outcome, or `refused`. @throws when the execution ends otherwise, or not at all. */
async function endOf(environment: Environment, text: string): Promise<string> {
  const { temporal, client } = environment;
  const workflowId = `hostile-${randomUUID()}`;
  await startRaw(environment, workflowId, text);
  const report = await temporal
    .withDeadline(Date.now() + STUCK_MS, () => client.result(workflowId))
    .catch((error: unknown) => {
      if (error instanceof RefusedError) return error;
      throw error;
    });
  if (report instanceof RefusedError) {
    assert.match(report.message, /expected|limit/);
    return 'refused';
  }
  checkReport(report, text);
  return report.outcome;
}

function checkReport(report: IntentsReport, text: string): void {
  assert.equal(report.results.length, intentsOf(text).length);
  checkResults(report);
}

function intentsOf(text: string): unknown[] {
  const value = JSON.parse(text) as unknown[] | { intents: unknown[] };
  return Array.isArray(value) ? value : value.intents;
}

function checkResults({ results }: IntentsReport): void {
  for (const { status, success, error } of results) {
    assert.ok(['succeeded', 'failed', 'skipped'].includes(status), `${status}: ${error}`);
    assert.equal(success, error === null);
    if (!success) assert.ok(error !== null && error.length > 0);
    // An intent fails through its own fault here. No store may be blamed, and nothing may be left to chance.
    if (status === 'failed') assert.match(error ?? '', /expected|already executed|out of range|invalid/i);
  }
}
