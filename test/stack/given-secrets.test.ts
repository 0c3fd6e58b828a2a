/** This test gives the stack a server whose URLs hold passwords. The commands of the stack must not pass them on. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bridgeHere } from '../support/bridge-here.js';
import { COLD_CACHE_MS, newStack, removeStacks } from './support.js';

const SECRET = 'Xyzzy-4711';

describe('stack: a secret of a given server', () => {
  after(removeStacks);

  it('is neither shown nor stored', async () => {
    const { stateDir } = await newStack();
    const { hostname, port, pathname } = new URL(process.env['DATABASE_URL'] ?? '');
    const server = `${hostname}:${port}${pathname}`;
    // The server of the run takes any password.
    const url = `postgres://postgres:${SECRET}@${server}`;
    const env = {
      ...process.env,
      TEMPORAL_ADDRESS: '',
      BRIDGE_STACK_DIR: stateDir,
      BRIDGE_STACK_MODE: 'native',
      DATABASE_URL: `${url}?application_name=${SECRET}`,
      MIGRATION_DATABASE_URL: url,
    };
    const texts: string[] = [];
    for (const args of [
      ['stack', 'up'],
      ['stack', 'up', '--json'],
      ['stack', 'status'],
      ['stack', 'status', '--json'],
    ]) {
      const { code, stdout, stderr } = await bridgeHere(args, env);
      assert.equal(code, 0, stderr);
      assert.ok(stdout.includes(`postgres://postgres@${server}`), stdout);
      texts.push(stdout, stderr);
    }
    const state = await readFile(join(stateDir, 'state.json'), 'utf8');
    const { endpoints } = JSON.parse(state) as { endpoints: Record<string, object> };
    assert.deepEqual(endpoints['postgres'], { url: `postgres://postgres@${server}` });
    for (const text of [...texts, state]) assert.ok(!text.includes(SECRET), text);
  }).timeout(COLD_CACHE_MS);
});
