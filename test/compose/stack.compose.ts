/**
 * `npm run test:compose` brings `docker-compose.yml` up on the engine that docker is set to. It tries the servers, the
 * demo, a second start, and the service in its image. It has ports of its own, and removes what it made.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import getPort from 'get-port';
import pg from 'pg';
import { StoreEffectClient } from '../../src/client/index.js';
import { composeProject } from '../../src/stack/compose/command.js';
import { persistState, publishEvent } from '../support/intents.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('docker compose', () => {
  let stateDir: string;
  let env: NodeJS.ProcessEnv;
  before(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'bridge-compose-'));
    // A variable of the shell does not move a server.
    env = { ...process.env, BRIDGE_STACK_DIR: stateDir, BRIDGE_STACK_MODE: 'compose', BRIDGE_KAFKA_PORT: '1' };
  });
  after(async () => {
    await bridge('stack', 'down', '--purge');
    assert.doesNotMatch(await docker(['volume', 'ls', '-q']), new RegExp(composeProject(stateDir).project));
    await rm(stateDir, { recursive: true, force: true });
  });

  const bridge = async (...args: string[]): Promise<string> => {
    const main = join(ROOT, 'src/cli/main.ts');
    const command = [process.execPath, ['--import', 'tsx', main, ...args], { cwd: ROOT, env }] as const;
    return (await run(...command).catch((error: unknown) => assert.fail(`${args.join(' ')}: ${said(error)}`))).stdout;
  };
  const said = (error: unknown): string => {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    return `${stdout}\n${stderr}`;
  };
  const docker = async (args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> =>
    (await run('docker', args, { cwd: ROOT, env: { ...process.env, ...more } })).stdout;
  const portsNow = () => readFile(join(stateDir, 'compose.env'), 'utf8');

  it('starts the servers, which execute the lists of the demo', async () => {
    await bridge('stack', 'up');
    assert.equal((await bridge('stack', 'status')).match(/ running /g)?.length, 3);
    assert.match(await bridge('demo'), /completed/);
  });

  it('keeps containers and ports when it comes up again', async () => {
    const [ports, containers] = [await portsNow(), await docker(['ps', '-q', '--no-trunc'])];
    await bridge('stack', 'up');
    assert.equal(await portsNow(), ports);
    assert.equal(await docker(['ps', '-q', '--no-trunc']), containers);
  });

  it('keeps the data when it goes down', async () => {
    const before = await docker(['volume', 'ls', '-q']);
    await bridge('stack', 'down');
    await bridge('stack', 'up');
    await bridge('stack', 'down');
    assert.equal(await docker(['volume', 'ls', '-q']), before);
  });

  it('runs the service beside the servers, which executes lists of clients outside', async () => {
    const names = ['POSTGRES', 'KAFKA', 'TEMPORAL', 'TEMPORAL_UI', 'SERVICE'];
    const ports: Record<string, number> = {};
    for (const name of names) ports[name] = await getPort({ exclude: Object.values(ports) });
    const variables = Object.fromEntries(names.map((name) => [`BRIDGE_${name}_PORT`, String(ports[name])]));
    const { file, project } = composeProject(stateDir);
    const compose = (...args: string[]) =>
      docker(['compose', '-f', file, '-p', `${project}-service`, '--profile', 'service', ...args], variables);
    try {
      await compose('up', '--detach', '--wait', '--wait-timeout', '200').catch(async (error: unknown) => {
        assert.fail(`${said(error)}\n${await compose('logs', '--no-color', '--tail', '30')}`);
      });
      const client = await StoreEffectClient.connect({
        address: `127.0.0.1:${ports['TEMPORAL']}`,
        namespace: 'default',
      });
      const aggregation_id = randomUUID();
      try {
        const { outcome, counts } = await client.executeIntents([persistState({ aggregation_id }), publishEvent()]);
        assert.deepEqual([outcome, counts], ['completed', { succeeded: 2 }]);
      } finally {
        await client.close();
      }
      const database = `postgres://postgres@127.0.0.1:${ports['POSTGRES']}/omninode_bridge`;
      const pool = new pg.Pool({ connectionString: database });
      const { rows } = await pool.query('SELECT bridge_id FROM bridge_state_rows');
      await pool.end();
      assert.deepEqual(rows, [{ bridge_id: aggregation_id }]);
      const ready = await fetch(`http://127.0.0.1:${ports['SERVICE']}/ready`);
      assert.equal(ready.status, 200);
    } finally {
      await compose('down', '--volumes', '--timeout', '15');
    }
  });
});
