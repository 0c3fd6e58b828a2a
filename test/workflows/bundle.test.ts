import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createLogger } from '../../src/log.js';
import { workflowBundle } from '../../src/temporal/bundle.js';

describe('workflow bundle', () => {
  let code: string;
  let modules: readonly string[];

  before(async () => {
    code = await readFile(await workflowBundle(createLogger('silent')), 'utf8');
    modules = [...code.matchAll(/^\/\*{3}\/ "(.+)":?$/gm)].map(([, name]) => name ?? '');
  });

  it('holds our modules as one, as every execution evaluates all modules', () => {
    assert.deepEqual(
      modules.filter((name) => /^\.\/(src|workflows)\//.test(name)),
      ['./workflows/index.ts'],
    );
    assert.ok(modules.length > 1, 'modules of the SDK are listed in the same way');
  });

  it('holds no zod, of which only types may reach workflow code', () => {
    assert.deepEqual(
      modules.filter((name) => name.includes('/zod/')),
      [],
    );
    assert.doesNotMatch(code, /How the intent ended/);
  });

  it('is compiled to syntax that Node has, not to helpers of older ones', () => {
    assert.match(code, /this\.#\w+\(/);
    assert.doesNotMatch(code, /_class_private_\w+\(/);
  });
});
