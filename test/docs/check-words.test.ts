/** These tests run the check of banned words on a repository of its own. `npm run lint` runs it on ours. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { useCheck } from './checked-repository.js';

const GLOSSARY = `# Glossary

- **installation**: An installation is a set of names. Not: corner.

## Banned words

| Banned | Say | Where | Allowed, and why |
| --- | --- | --- | --- |
| \`corners?\` | installation | | |
| \`settl(e\\|ed)\` | record | | \`allSettled\` is JavaScript's |
| \`lanes?\` | partition worker | \`src/intake\` | |
`;

describe('check-words', () => {
  const used = useCheck('check-words');
  const check = (files: Readonly<Record<string, string>>): Promise<string[]> =>
    used.check({ 'docs/glossary.md': GLOSSARY, ...files });

  it('refuses a banned word in a path, a name, a comment and a page, with the word to say', async () => {
    const found = await check({
      'src/corner.ts': 'export const used = 1;',
      'src/names.ts': 'const useCorner = 1;\nconst settled_at = 1;',
      'test/a.test.ts': "const corner = 1;\nit('is settled', () => undefined);",
      'workflows/comment.ts': '/** One corner each. */',
      'docs/page.md': 'Settle it.',
    });
    assert.deepEqual(found.sort(), [
      'docs/page.md:1: "settle", say: record',
      'src/corner.ts:0: "corner", say: installation',
      'src/names.ts:1: "corner", say: installation',
      'src/names.ts:2: "settled", say: record',
      'test/a.test.ts:2: "settled", say: record',
      'workflows/comment.ts:1: "corner", say: installation',
    ]);
  });

  it('lets pass an allowed name, a part of a word, another folder, and what is past', async () => {
    const found = await check({
      'src/names.ts': 'await Promise.allSettled([]); // cornerstone, lane',
      'docs/adr/0001-first.md': 'It is settled.',
      'CHANGELOG.md': '## [Unreleased]\n\n## [0.1.0]\n\nSettle it.',
      'migrations/0001.sql': '-- settled',
    });
    assert.deepEqual(found, []);
  });

  it('fails where git cannot list the files, rather than find nothing', async () => {
    await check({});
    rmSync(join(used.directory, '.git'), { recursive: true });
    const { status, stderr } = used.run();
    assert.equal(status, 1);
    assert.match(stderr, /git cannot list the files/);
  });

  it('refuses a word only in the folders that its row names', async () => {
    assert.deepEqual(await check({ 'src/intake/a.ts': 'const lane = 1;', 'src/domain/a.ts': 'const lane = 1;' }), [
      'src/intake/a.ts:1: "lane", say: partition worker',
    ]);
  });
});
