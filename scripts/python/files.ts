/** This module lists the generated files of the Python client. */
import { readFile } from 'node:fs/promises';
import { pythonModels } from './models.js';

/** The project file has the version of the service; the rest of it is written by hand. */
const PROJECT = 'clients/python/pyproject.toml';

/** Returns the texts of the files by their paths. */
export async function pythonFiles(version: string): Promise<Readonly<Record<string, string>>> {
  const project = await readFile(PROJECT, 'utf8');
  return {
    'clients/python/bridge_store_effect/models.py': pythonModels(),
    'clients/python/LICENSE': await readFile('LICENSE', 'utf8'),
    [PROJECT]: project.replace(/^version = ".*"$/m, `version = "${version}"`),
  };
}
