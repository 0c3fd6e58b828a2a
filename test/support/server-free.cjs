/**
 * Which test files need no servers. The rule: nothing that a file imports, directly or not, is a door to them. A file
 * that is told apart wrongly fails at once: `without-servers.ts` closes every address.
 */
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { dirname, join } = require('node:path');

/** Who imports these wants servers: they start them, find them, or make a database on them. Errors do nothing. */
const DOORS = [/^src\/stack\/(?!errors\.ts$)/, /^test\/postgres\/support\.ts$/];

/** Or a test that is handed their addresses, as all of this run's settings or one by one. */
const ADDRESS = /\bloadConfig\(\)|process\.env\['(?:TEMPORAL_ADDRESS|DATABASE_URL|KAFKA_BOOTSTRAP_SERVERS)'\]/;

const textOf = (file) => readFileSync(file, 'utf8');

/** Imports and exports of values from files of ours; types are gone when the file runs. */
const IMPORTS = /^\s*(?:import|export)\s+(?!type\b)[^'"`;]*?['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]/gm;

/** Imports by file: each process of a mutation run asks for those of every test, and reads a file once. */
const known = new Map();

function importsOf(file) {
  if (!known.has(file)) {
    const paths = [...textOf(file).matchAll(IMPORTS)]
      .map((found) => join(dirname(file), (found[1] ?? found[2]).replace(/\.js$/, '.ts')))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
    known.set(file, paths);
  }
  return known.get(file);
}

/** All files that one imports, itself included; paths from the root of the project. */
function reachedFrom(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (/\.[cm]?ts$/.test(file)) for (const path of importsOf(file)) reachedFrom(path, seen);
  return seen;
}

const testFiles = () =>
  readdirSync('test', { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort();

const doors = new Map();

function isDoor(path) {
  if (!doors.has(path)) {
    doors.set(path, DOORS.some((door) => door.test(path)) || (/^test\//.test(path) && ADDRESS.test(textOf(path))));
  }
  return doors.get(path);
}

const serverFree = () => testFiles().filter((file) => ![...reachedFrom(file)].some(isDoor));

module.exports = { importsOf, reachedFrom, serverFree };
