/** These tests check what is asked of `docker compose`. The engine itself is the one thing that they stand in for. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { findEngine } from '../../src/stack/compose/engine.js';
import { startContainers } from '../../src/stack/compose/index.js';
import { stackDown, stackStatus, type StackOptions } from '../../src/stack/index.js';
import type { RunCommand } from '../../src/stack/process/run.js';
import { createReporter } from '../../src/stack/progress.js';
import { readState, writeState, type ServiceRecord, type StackState } from '../../src/stack/state.js';
import { KAFKA, TEMPORAL_CLI } from '../../src/stack/versions.js';
import { newStack, nothingInstalled, occupy, removeStacks } from './support.js';

const composeFile = new URL('../../docker-compose.yml', import.meta.url).pathname;

describe('stack: containers', () => {
  let lines: string[];
  let output: string;
  let options: StackOptions;
  let project: string[];
  const run: RunCommand = (command, args) => {
    lines.push([command, ...args].join(' '));
    return Promise.resolve({ code: 0, output });
  };

  beforeEach(async () => {
    [lines, output] = [[], ''];
    options = await newStack({ run, mode: 'compose' });
    project = ['docker compose -f', composeFile, '--env-file', `${options.stateDir}/compose.env`, '-p'];
  });
  after(removeStacks);

  const up = async (): ReturnType<typeof startContainers> => {
    const state: StackState = { version: 1, mode: 'compose', services: {} };
    const recorderOf = (name: 'temporal' | 'postgres' | 'kafka') => ({
      read: () => state.services[name],
      write: (record: ServiceRecord) => {
        state.services[name] = record;
      },
    });
    const endpoints = await startContainers(
      ['temporal', 'kafka'],
      { options, run, reporter: createReporter(undefined) },
      recorderOf,
    );
    writeState(options.stateDir, state);
    return endpoints;
  };
  const assertLine = (line: string | undefined, words: string): void => {
    assert.ok(line?.startsWith(project.join(' ')), line);
    assert.match(String(line), new RegExp(` bridge-store-effect-[0-9a-f]{8} ${words}$`));
  };

  it('are used when the engine answers and has compose', async () => {
    assert.equal(await findEngine(run), true);
    assert.deepEqual(lines, ['docker info', 'docker compose version']);
    assert.equal(await findEngine(nothingInstalled), false);
    assert.equal(
      await findEngine((_, [first]) => Promise.resolve({ code: first === 'info' ? 0 : 1, output: '' })),
      false,
    );
  });

  it('come up for the services that are missing, healthy, on ports that are free', async () => {
    const free = await occupy(7233).catch(() => () => Promise.resolve());
    const { temporal, kafka, postgres } = await up().finally(free);
    assertLine(lines[0], 'up -d --wait --wait-timeout 180 temporal kafka');
    assert.equal(postgres, undefined);
    assert.notEqual(temporal?.address, '127.0.0.1:7233');
    const variables = await readFile(`${options.stateDir}/compose.env`, 'utf8');
    assert.match(variables, new RegExp(`^BRIDGE_TEMPORAL_PORT=${temporal?.address.split(':')[1]}$`, 'm'));
    assert.match(variables, new RegExp(`^BRIDGE_KAFKA_PORT=${kafka?.brokers[0]?.split(':')[1]}$`, 'm'));
  });

  it('are asked for their state, then their server is', async () => {
    await up();
    output = 'temporal\n';
    const { services, mode } = await stackStatus(options);
    assertLine(lines[1], 'ps --services --status running');
    assert.equal(mode, 'compose');
    assert.deepEqual(
      [services.temporal.state, services.postgres.state, services.kafka.state],
      ['unreachable', 'stopped', 'stopped'],
    );
  });

  it('go down, with their volumes when purged', async () => {
    await up();
    assert.deepEqual(await stackDown(options), { temporal: 'stopped', postgres: 'not running', kafka: 'stopped' });
    assertLine(lines[1], 'down --timeout 15');
    await up();
    await stackDown({ ...options, purge: true });
    assertLine(lines[3], 'down --timeout 15 --volumes');
  });

  it('stay when their address is given', async () => {
    await up();
    const result = await stackDown({ ...options, given: { kafka: { brokers: ['127.0.0.1:9092'] } } });
    assert.deepEqual(result, { temporal: 'stopped', postgres: 'not running', kafka: 'kept' });
    assertLine(lines[1], 'stop --timeout 15 temporal');
    assert.equal(readState(options.stateDir).services.kafka?.container, true);
  });

  it('run the versions that are pinned for native servers', async () => {
    const text = await readFile(composeFile, 'utf8');
    for (const image of [`temporalio/temporal:${TEMPORAL_CLI}`, `apache/kafka:${KAFKA}`, 'postgres:18.'])
      assert.ok(text.includes(image), image);
  });
});
