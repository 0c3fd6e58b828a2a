/** These tests check what the suite says of a machine that has a container engine and nothing else. */
import assert from 'node:assert/strict';
import type { RunCommand } from '../../src/stack/process/run.js';
import { areContainers, missingTools } from '../support/preflight.js';

describe('what the tests need', () => {
  const having =
    (...programs: string[]): RunCommand =>
    (program) =>
      Promise.resolve({ code: programs.includes(program) ? 0 : 127, output: '' });

  it('is said before they run, with each tool that is missing, and with the mode without containers', async () => {
    const said = String(await missingTools(having('docker')));
    for (const words of [
      /- Java 17, for brokers/,
      /- Maven, for the jars/,
      /- Go or Python/,
      /BRIDGE_STACK_MODE=native/,
    ])
      assert.match(said, words);
  });

  it('is asked where containers run the servers, or will', async () => {
    const options = { stateDir: '', cacheDir: '', given: {}, namespace: '' };
    const engine: RunCommand = () => Promise.resolve({ code: 0, output: '2.26.1' });
    assert.equal(await areContainers({ ...options, run: engine }, { mode: null }), true);
    assert.equal(await areContainers({ ...options, run: having() }, { mode: null }), false);
    assert.equal(await areContainers({ ...options, run: engine, mode: 'native' }, { mode: null }), false);
    assert.equal(await areContainers({ ...options, run: engine }, { mode: 'native' }), false);
    assert.equal(await areContainers({ ...options, run: having() }, { mode: 'compose' }), true);
  });

  it('is there with Java, Maven and one of Go and Python', async () => {
    for (const one of ['go', 'python3']) assert.equal(await missingTools(having('java', 'mvn', one)), null);
    assert.match(String(await missingTools(having('java', 'go'))), /need more than a container engine:\n- Maven/);
  });
});
