/** 2,000 hostile requests to the workflow, past every client of ours: each ends with a report or a named refusal. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pLimit from 'p-limit';
import { type IntentsReport, RefusedError } from '../../src/client/index.js';
import { hostileRequest } from '../properties/hostile-lists.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { startRaw } from '../support/start-raw.js';
import { persistState, publishEvent } from '../support/intents.js';
import { type Servers, startServers } from './support/servers.js';

const LISTS = 2_000;
const SIDE_BY_SIDE = 16;
/** A workflow task that fails is tried again for ever: an execution that is still open after this is stuck. */
const STUCK_MS = 60_000;

describe('hostile input', () => {
  let servers: Servers;
  let environment: Environment;
  before(async function () {
    this.timeout(15 * 60_000);
    servers = await startServers(0);
    environment = await createEnvironment();
  });
  after(async function () {
    this.timeout(120_000);
    await (environment as Environment | undefined)?.close();
    await (servers as Servers | undefined)?.stop();
  });

  it(`ends ${LISTS} fuzzed lists with a report or a named refusal`, async () => {
    const seed = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
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
    // All three occurred, so the fuzzer neither only breaks lists nor only leaves them whole.
    for (const end of ['completed', 'partial', 'refused']) assert.ok((ends.get(end) ?? 0) > 20, end);
    const after = await environment.client.executeIntents([persistState(), publishEvent()]);
    assert.equal(after.outcome, 'completed', 'the worker is as good as before');
  }).timeout(15 * 60_000);
});

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
  const { intents } = JSON.parse(text) as { intents: unknown[] };
  assert.equal(report.results.length, intents.length);
  for (const { status, success, error } of report.results) {
    assert.ok(['succeeded', 'failed', 'skipped'].includes(status), `${status}: ${error}`);
    assert.equal(success, error === null);
    if (!success) assert.ok(error !== null && error.length > 0);
    // Whatever is wrong with an intent is its own fault here: no store may be blamed, and nothing be left to chance.
    if (status === 'failed') assert.match(error ?? '', /expected|already executed|out of range|invalid/i);
  }
}
