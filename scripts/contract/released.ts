/** This module has the contract of the last release, and the one that the code makes now, in the same form. */
import { readFile } from 'node:fs/promises';
import { jsonSchemaOf } from '../../src/contract/json-schema.js';
import { CONTRACT } from '../../src/contract/schemas.js';
import type { Contract } from './compatibility.js';

/** The file has what callers and consumers of the last release may rely on. */
export const RELEASED = 'contract/released.json';

export interface Release {
  readonly version: string;
  readonly schemas: Contract;
}

export const currentContract = (): Contract =>
  Object.fromEntries([...CONTRACT].map(([name, one]) => [name, { io: one.io, schema: jsonSchemaOf(name, one) }]));

export const releasedContract = async (): Promise<Release> => JSON.parse(await readFile(RELEASED, 'utf8')) as Release;

/** Returns the text of the file: a line a schema, without descriptions, which bind nobody. */
export function releaseText({ version, schemas }: Release): string {
  const lines = Object.entries(schemas).map(([name, one]) => `    ${JSON.stringify(name)}: ${withoutTexts(one)}`);
  return `{\n  "version": ${JSON.stringify(version)},\n  "schemas": {\n${lines.join(',\n')}\n  }\n}\n`;
}

/** A description is a text; a field of that name is a schema, and stays. */
const withoutTexts = (value: unknown): string =>
  JSON.stringify(value, (key, below: unknown) =>
    ['description', '$schema'].includes(key) && typeof below === 'string' ? undefined : below,
  );
