/** These tests run `bridge schema`, which needs no server. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { CONTRACT } from '../../../src/contract/schemas.js';
import { bridgeHere } from '../../support/bridge-here.js';

describe('bridge schema', () => {
  it('prints a schema as the file of the contract has it, with --json on one line', async () => {
    const file = await readFile('contract/schemas/report.json', 'utf8');
    const shown = await bridgeHere(['schema', 'report'], {});
    assert.equal(shown.stdout, file);
    const line = await bridgeHere(['schema', 'report', '--json'], {});
    assert.equal(line.stdout, `${JSON.stringify(JSON.parse(file))}\n`);
  });

  it('lists the names of all, each with its direction', async () => {
    const { stdout, code } = await bridgeHere(['schema', '--json'], {});
    assert.equal(code, 0);
    const listed = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; direction: string });
    assert.deepEqual(
      listed.map(({ name, direction }) => [name, direction]),
      [...CONTRACT].map(([name, { io }]) => [name, io]),
    );
    assert.match((await bridgeHere(['schema'], {})).stdout, /dead-letter .*output .*`\.dlq` copy/);
  });

  it('refuses a name that is not there, and says the nearest', async () => {
    const { stderr, code } = await bridgeHere(['schema', 'reqest'], {});
    assert.equal(code, 2);
    assert.match(stderr, /such as request, got reqest/);
  });
});
