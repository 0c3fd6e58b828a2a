/**
 * `npm run docs` writes the generated pages of the documents. `test/docs/generated.test.ts` fails when one is stale.
 */
import { writeFile } from 'node:fs/promises';
import prettier from 'prettier';
import { PAGES } from './docs/pages.js';

for (const [path, make] of Object.entries(PAGES)) {
  const options = await prettier.resolveConfig(path);
  await writeFile(path, await prettier.format(make(), { ...options, filepath: path }));
  process.stdout.write(`${path}\n`);
}
