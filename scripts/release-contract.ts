/**
 * `npm run release:contract` makes the present contract the released one. From then on a schema that refuses what it
 * accepts fails `test/contract/compatibility.test.ts`. Run it with a release, and for a break that is meant.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { currentContract, RELEASED, releaseText } from './contract/released.js';

const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly version: string };
await writeFile(RELEASED, releaseText({ version, schemas: currentContract() }));
process.stdout.write(`${RELEASED}\n`);
