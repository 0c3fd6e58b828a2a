/**
 * `npm run docs` writes the generated pages of the documents, and the files of the contract.
 * `test/docs/generated.test.ts` and `test/contract/files.test.ts` fail when one is stale.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import prettier from 'prettier';
import { contractFiles, SCHEMAS } from './contract/files.js';
import { PAGES } from './docs/pages.js';

for (const [path, make] of Object.entries(PAGES)) {
  const options = await prettier.resolveConfig(path);
  await write(path, await prettier.format(make(), { ...options, filepath: path }));
}

await mkdir(SCHEMAS, { recursive: true });
const files = await contractFiles();
for (const name of await readdir(SCHEMAS)) if (!(`${SCHEMAS}/${name}` in files)) await rm(`${SCHEMAS}/${name}`);
for (const [path, text] of Object.entries(files)) await write(path, text);

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  process.stdout.write(`${path}\n`);
}
