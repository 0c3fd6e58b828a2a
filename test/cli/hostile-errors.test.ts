/** These tests give hostile text to commands that need no server: errors, notes and logs show it and obey nothing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { bridgeHere } from '../support/bridge-here.js';
import { HOSTILE_TEXTS, OBEYED } from '../support/hostile-text.js';

const NONE = '127.0.0.1:1';
const NOBODY = { TEMPORAL_ADDRESS: NONE, DATABASE_URL: `postgres://n@${NONE}/n`, KAFKA_BOOTSTRAP_SERVERS: NONE };

describe('an error of bridge', function () {
  // The first command imports its modules.
  this.timeout(30_000);
  for (const [kind, text] of Object.entries(HOSTILE_TEXTS)) {
    it(`shows what was given, on lines of its own: ${kind}`, async () => {
      const input = JSON.stringify({ intents: 7, [text]: text });
      for (const [args, code] of [
        [[text], 2],
        [['recover', `--${text}`], 2],
        [['recover', '--since', text], 2],
        [['execute', text], 2],
        [['emit', '-'], 2],
      ] as const) {
        const run = await bridgeHere(args, NOBODY, `${input}\n${input}\n`);
        const [first = '', ...rest] = run.stderr.split('\n').slice(0, -1);
        assert.equal(run.code, code, run.stderr);
        assert.match(first, /^(bridge|error): /);
        for (const line of [first, ...rest]) assert.doesNotMatch(line, OBEYED);
        assert.ok(!rest.some((line) => line.startsWith('bridge:')));
      }
    });
  }
});

describe('a log', () => {
  it('has nothing in it that a terminal obeys, and its values as they were', () => {
    const code = `
      import { createLogger } from './src/log.js';
      import { HOSTILE_TEXTS } from './test/support/hostile-text.js';
      const logger = createLogger('info');
      for (const text of Object.values(HOSTILE_TEXTS)) logger.child({ by: text }).info({ text, err: new Error(text) }, text);
    `;
    const run = ['--import', 'tsx', '--input-type=module', '--eval', `${code} process.exit(0)`];
    const shown = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', process.execPath, ...run], { encoding: 'utf8' });
    const lines = shown.split('\n').slice(0, -1);
    assert.equal(lines.length, Object.keys(HOSTILE_TEXTS).length);
    for (const [index, text] of Object.values(HOSTILE_TEXTS).entries()) {
      const line = lines[index] ?? '';
      assert.doesNotMatch(line, OBEYED);
      const { msg, by, text: own, err } = JSON.parse(line) as { msg: string; by: string; text: string; err: Error };
      assert.deepEqual([msg, by, own, err.message], [text, text, text, text]);
    }
  });
});
