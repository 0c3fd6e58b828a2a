/** These tests run the check of sentences on a repository of its own. `npm run lint` runs it on ours. */
import assert from 'node:assert/strict';
import { useCheck } from './checked-repository.js';

const words = (count: number): string => `${Array.from({ length: count }, () => 'w').join(' ')}.`;
const LONG = `26 words, 25 at most: ${words(26)}`;

describe('check-sentences', () => {
  const { check } = useCheck('check-sentences');

  it('refuses a long sentence, with the line of its paragraph', async () => {
    const found = await check({
      'src/one.ts': `/** ${words(10)} ${words(26)} */\nexport const one = 1;\n`,
      'src/rows.ts': `\n// ${words(12).slice(0, -1)}\n// ${words(14)}\nexport const rows = 1;\n`,
      'src/tags.ts': `/**\n * ${words(3)}\n * @param a ${words(23)}\n * @throws ${words(25)}\n */\nexport const tags = 1;\n`,
      'test/a.test.ts': `// ${words(26)}\n`,
      'docs/page.md': `# Page\n\n${words(3)}\n\n- ${words(3)}\n- **${words(3)}** ${words(26)}\n`,
    });
    assert.deepEqual(found.sort(), [
      `docs/page.md:6: ${LONG}`,
      `src/one.ts:1: ${LONG}`,
      `src/rows.ts:2: ${LONG}`,
      `src/tags.ts:4: 26 words, 25 at most: @throws ${words(25)}`,
      `test/a.test.ts:1: ${LONG}`,
    ]);
  });

  it('refuses a comment that begins with what stands outside it, and one that is too wide', async () => {
    const found = await check({
      'workflows/a.ts': '/** Of a page. */\nexport const a = 1;\n\n/** Its key. */\nexport const b = 1;\n',
      'activities/b.ts': `export const c = 1; ${' '.repeat(90)}\n  /** ${'x'.repeat(120)} */\nexport const d = 1;\n`,
    });
    assert.deepEqual(found.sort(), [
      'activities/b.ts:2: is wider than 120 columns',
      'workflows/a.ts:1: begins with "Of": name what it is about',
      'workflows/a.ts:4: begins with "Its": name what it is about',
    ]);
  });

  it('lets pass short sentences, code, tables, texts in code and what is past', async () => {
    const found = await check({
      'src/a.ts': `/** \`${words(24)}\` is a name. ${words(25)} */\nexport const a = '${words(40)}';\n`,
      'docs/page.md': `${words(25)} ${words(25)}\n\n| ${words(40)} |\n\n\`\`\`sh\n${words(40)}\n\`\`\`\n`,
      'docs/adr/0001-first.md': words(40),
    });
    assert.deepEqual(found, []);
  });
});
