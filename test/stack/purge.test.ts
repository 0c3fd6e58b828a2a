import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stackDown, type StackOptions } from '../../src/stack/index.js';
import { readState, writeState } from '../../src/stack/state.js';
import { newStack, removeStacks } from './support.js';

const NAMES = ['temporal', 'postgres', 'kafka'] as const;

describe('stack: purge', () => {
  after(removeStacks);

  /** Returns a stack that has been stopped: its data are all that is left of it. */
  async function stopped(): Promise<StackOptions> {
    const options = await newStack();
    writeState(options.stateDir, {
      version: 1,
      mode: 'native',
      services: Object.fromEntries(NAMES.map((name, index) => [name, { ports: { main: index + 1 } }])),
    });
    await mkdir(join(options.stateDir, 'logs'));
    for (const name of NAMES) {
      await mkdir(join(options.stateDir, 'data', name), { recursive: true });
      await writeFile(join(options.stateDir, 'data', name, 'rows'), name);
      await writeFile(join(options.stateDir, 'logs', `${name}.log`), name);
    }
    return options;
  }
  const left = ({ stateDir }: StackOptions) => ({
    data: NAMES.filter((name) => existsSync(join(stateDir, 'data', name, 'rows'))),
    logs: NAMES.filter((name) => existsSync(join(stateDir, 'logs', `${name}.log`))),
  });

  it('leaves the data, the log and the record of a service whose address is given', async () => {
    const options = await stopped();
    const given = { kafka: { brokers: ['127.0.0.1:1'] } };
    assert.equal((await stackDown({ ...options, given, purge: true })).kafka, 'kept');
    assert.deepEqual(left(options), { data: ['kafka'], logs: ['kafka'] });
    const { mode, services } = readState(options.stateDir);
    assert.deepEqual([mode, services], ['native', { kafka: { ports: { main: 3 } } }]);
  });

  it('leaves nothing when no address is given', async () => {
    const options = await stopped();
    await stackDown({ ...options, purge: true });
    for (const name of ['data', 'logs', 'state.json'])
      assert.equal(existsSync(join(options.stateDir, name)), false, name);
  });
});
