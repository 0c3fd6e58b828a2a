/** This module lists the generated files of the contract. */
import { readFile } from 'node:fs/promises';
import { contractSchemas } from '../../src/contract/json-schema.js';
import { asyncApi } from './asyncapi.js';
import { contractYaml } from './contract-yaml.js';
import { figuresOf } from './figures.js';

/** The folder of the JSON Schemas. It holds nothing else. */
export const SCHEMAS = 'contract/schemas';

/** Returns the texts of the files by their paths. */
export async function contractFiles(): Promise<Readonly<Record<string, string>>> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly version: string };
  const figures = figuresOf(await readFile('docs/performance.md', 'utf8'));
  const schemas = Object.entries(contractSchemas()).map(([name, schema]) => [
    `${SCHEMAS}/${name}.json`,
    `${JSON.stringify(schema, null, 2)}\n`,
  ]);
  return {
    'contract.yaml': contractYaml(version, figures),
    'contract/asyncapi.yaml': asyncApi(version),
    ...(Object.fromEntries(schemas) as Record<string, string>),
  };
}
