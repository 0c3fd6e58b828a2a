/** These tests check what is asked of `docker compose`. The engine itself is the one thing that they stand in for. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { engineProblem } from '../../src/stack/compose/engine.js';
import { startContainers } from '../../src/stack/compose/index.js';
import { stackDown, stackStatus, stackUp, type StackOptions } from '../../src/stack/index.js';
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

  const answers = () => Promise.resolve(null);
  const up = async (
    ask: Parameters<typeof startContainers>[3] = answers,
    services: StackState['services'] = {},
  ): ReturnType<typeof startContainers> => {
    const state: StackState = { version: 1, mode: 'compose', services };
    const recorderOf = (name: 'temporal' | 'postgres' | 'kafka') => ({
      read: () => state.services[name],
      write: (record: ServiceRecord) => {
        state.services[name] = record;
      },
      forget: () => {
        const { [name]: _forgotten, ...others } = state.services;
        state.services = others;
      },
    });
    const endpoints = await startContainers(
      ['temporal', 'kafka'],
      { options, run: options.run ?? run, reporter: createReporter(undefined) },
      recorderOf,
      ask,
    );
    writeState(options.stateDir, state);
    return endpoints;
  };
  const assertLine = (line: string | undefined, words: string): void => {
    assert.ok(line?.startsWith(project.join(' ')), line);
    assert.match(String(line), new RegExp(` bridge-store-effect-[0-9a-f]{8} ${words}$`));
  };

  it('are used when the engine answers and has compose', async () => {
    assert.equal(await engineProblem(run), null);
    assert.deepEqual(lines, ['docker info', 'docker compose version --short']);
  });

  it('are not used, and the reason is said: no program, no daemon, no right, no plugin, an old version', async () => {
    const said = (info: [number, string], compose: [number, string] = [0, '2.26.1']) =>
      engineProblem((_, [first]) => {
        const [code, output] = first === 'info' ? info : compose;
        return Promise.resolve({ code, output });
      });
    assert.match(String(await engineProblem(nothingInstalled)), /docker is not installed/);
    assert.match(String(await said([124, ''])), /does not answer within 5 s/);
    assert.match(String(await said([1, 'dial unix: connect: permission denied'])), /may not use the daemon/);
    assert.match(String(await said([1, 'x\nCannot connect to the daemon'])), /does not run: Cannot connect/);
    assert.match(String(await said([0, ''], [1, 'no such command'])), /no compose v2/);
    assert.match(String(await said([0, ''], [0, '2.16.0'])), /compose 2\.16 is too old: expected 2\.17/);
    for (const version of ['2.17.0', 'v2.26.1', '5.0.0', 'dev']) assert.equal(await said([0, ''], [0, version]), null);
  });

  it('bind a stack to nothing when their first start fails, and say how to do without them', async () => {
    const failing: RunCommand = (_, args) =>
      Promise.resolve({ code: args.includes('up') ? 1 : 0, output: args.includes('up') ? 'pull access denied' : '' });
    const stack = { ...options, run: failing };
    await assert.rejects(stackUp({ ...stack, mode: 'auto' }), /pull access denied[^]*BRIDGE_STACK_MODE=native/);
    assert.deepEqual(readState(options.stateDir).services, {});
  });

  it('are given up by down when the daemon says nothing', async () => {
    await up();
    const silent: RunCommand = (_, _args, limits) => {
      assert.equal(limits?.timeoutMs, 90_000);
      return Promise.resolve({ code: 124, output: '' });
    };
    await assert.rejects(stackDown({ ...options, run: silent }), /has not stopped the containers within 90 s/);
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

  it('keep their ports while they run, however slowly they answer, and look for free ones else', async () => {
    const before = { temporal: { ports: { grpc: 7777, ui: 8888 }, container: true } };
    output = 'temporal\n';
    const running = await up(answers, before);
    assertLine(lines[0], 'ps --services --status running');
    assert.equal(running.temporal?.address, '127.0.0.1:7777');
    const free = await occupy(7777);
    output = '';
    const moved = await up(answers, before).finally(free);
    assert.notEqual(moved.temporal?.address, '127.0.0.1:7777');
  });

  it('get their ports from us, whatever the shell says', async () => {
    const given: unknown[] = [];
    const noting: RunCommand = (command, args, how) => {
      if (args.includes('up')) given.push(how?.env);
      return run(command, args);
    };
    options = { ...options, run: noting };
    const { kafka } = await up();
    const [env] = given as [Readonly<Record<string, string>>];
    assert.equal(`127.0.0.1:${env['BRIDGE_KAFKA_PORT']}`, kafka?.brokers[0]);
  });

  it('that are healthy where nobody reaches them are no stack', async () => {
    const ask: Parameters<typeof startContainers>[3] = (name) =>
      Promise.resolve(name === 'kafka' ? new Error('connect ECONNREFUSED') : null);
    await assert.rejects(
      up(ask),
      /container of kafka is healthy, and kafka does not answer at 127\.0\.0\.1:\d+: connect ECONNREFUSED.*DOCKER_HOST/,
    );
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
    await up();
    await stackDown(options);
    assert.equal((await stackDown({ ...options, purge: true })).kafka, 'not running');
    assertLine(lines[6], 'down --timeout 15 --volumes');
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
