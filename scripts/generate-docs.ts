/**
 * `npm run docs` writes the generated pages of the documents, the files of the contract, the manifests and the models
 * of the Python client. Tests fail when one is stale: `test/docs/generated.test.ts`, `test/contract/files.test.ts`,
 * `test/deployments/files.test.ts` and `test/packages/python-files.test.ts`.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import prettier from 'prettier';
import { contractFiles, SCHEMAS } from './contract/files.js';
import { deploymentFiles, GENERATED } from './deployments/files.js';
import { PAGES } from './docs/pages.js';
import { pythonFiles } from './python/files.js';

for (const [path, make] of Object.entries(PAGES)) {
  const options = await prettier.resolveConfig(path);
  await write(path, await prettier.format(make(), { ...options, filepath: path }));
}

const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly version: string };
const files = { ...(await contractFiles()), ...deploymentFiles(version), ...(await pythonFiles(version)) };
for (const folder of [SCHEMAS, ...GENERATED]) {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) if (!(`${folder}/${name}` in files)) await rm(`${folder}/${name}`);
}
for (const [path, text] of Object.entries(files)) await write(path, text);

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  process.stdout.write(`${path}\n`);
}
