/**
 * This script runs Stryker, then holds its report against `test/mutation/survivors.json`. It fails for a survivor that
 * is not argued there, and for an argument whose mutant is killed. It also fails for a module with more arguments than
 * when it was scored last: the list only shrinks. The scores are kept in `test/mutation/scores.json`.
 *
 * `--changed` mutates only the modules that have changed since their score was kept, or whose tests have; this is what
 * CI runs. Other arguments go to `stryker run`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import selection from '../test/support/server-free.cjs';
import config from '../stryker.config.mjs';

const LEAST = config.thresholds.break;
const LIST = 'test/mutation/survivors.json';
const SCORES = 'test/mutation/scores.json';
const FINGERPRINT = `${config.incrementalFile}.sha256`;

const serverFree = selection.serverFree();
const out = (text) => process.stdout.write(`${text}\n`);
const oneLine = (text) => text.replace(/\s+/g, ' ').trim();

const printer = ts.createPrinter({ removeComments: true });

/** Returns the code of a file, without its comments: a reworded comment changes no score. */
function codeOf(file) {
  const text = readFileSync(file, 'utf8');
  if (!file.endsWith('.ts')) return text;
  return printer.printFile(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
}

/** The fingerprint covers what results depend on beside modules and tests, whose changes Stryker sees itself. */
function fingerprint() {
  const files = new Set(['package-lock.json', 'stryker.config.mjs', 'scripts/mutation-runner.mjs']);
  for (const test of serverFree) for (const path of selection.reachedFrom(test)) files.add(path);
  const hash = createHash('sha256');
  for (const file of [...files].sort()) {
    if (config.mutate.includes(file) || file.endsWith('.test.ts')) continue;
    hash.update(`${file}\n`).update(codeOf(file));
  }
  return hash.digest('hex');
}

/** The hash covers a module and the tests that import it: its score depends on them first. */
function hashOf(module) {
  const tests = serverFree.filter((test) => selection.importsOf(test).includes(module));
  const hash = createHash('sha256');
  for (const file of [module, ...tests]) hash.update(`${file}\n`).update(codeOf(file));
  return hash.digest('hex');
}

const readScores = () => (existsSync(SCORES) ? JSON.parse(readFileSync(SCORES, 'utf8')) : {});

/** Returns the modules that have changed since they were scored, or were never scored. */
const changedModules = () => {
  const scores = readScores();
  return config.mutate.filter((module) => scores[module]?.sha256 !== hashOf(module));
};

/** Keeps the scores of the modules of a run, and drops modules that are not mutated any more. */
function keepScores(rows) {
  const scores = readScores();
  for (const [file, counts] of rows) scores[file] = { sha256: hashOf(file), ...counts };
  const kept = config.mutate.filter((file) => scores[file] !== undefined).map((file) => [file, scores[file]]);
  writeFileSync(SCORES, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
}

function runStryker(args) {
  const now = fingerprint();
  const before = existsSync(FINGERPRINT) ? readFileSync(FINGERPRINT, 'utf8') : null;
  // Results of other code are no start for this run, not even those of the modules that it leaves out.
  if (before !== now) rmSync(config.incrementalFile, { force: true });
  mkdirSync('.cache/mutation', { recursive: true });
  writeFileSync(FINGERPRINT, now);
  const { status } = spawnSync('node_modules/.bin/stryker', ['run', ...args], { stdio: 'inherit' });
  return status ?? 1;
}

/** Returns what names a mutant wherever its line has moved to: the text around it, what is replaced, and by what. */
function entryOf(file, source, { mutatorName, replacement, location: { start, end } }) {
  const lines = source.split('\n');
  const text = lines.slice(start.line - 1, end.line).join('\n');
  const tail = lines[end.line - 1].length - (end.column - 1);
  return {
    file,
    mutator: mutatorName,
    line: oneLine(lines[start.line - 1]),
    original: oneLine(text.slice(start.column - 1, text.length - tail)),
    replacement: oneLine(replacement),
  };
}

const keyOf = ({ file, mutator, line, original, replacement }) =>
  JSON.stringify([file, mutator, line, original, replacement]);

function check() {
  if (!existsSync(config.jsonReporter.fileName)) return 1;
  const { files } = JSON.parse(readFileSync(config.jsonReporter.fileName, 'utf8'));
  const left = new Map();
  for (const entry of JSON.parse(readFileSync(LIST, 'utf8'))) {
    const key = keyOf(entry);
    left.set(key, [...(left.get(key) ?? []), entry]);
  }
  const kept = readScores();
  const problems = [];
  const rows = [];
  for (const [file, { source, mutants }] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const counts = { killed: 0, survived: 0, argued: 0 };
    for (const mutant of mutants) {
      const entry = entryOf(file, source, mutant);
      const argued = left.get(keyOf(entry));
      const survived = mutant.status === 'Survived' || mutant.status === 'NoCoverage';
      // A survivor may run into the time limit on a busy machine, which says nothing against its argument.
      if ((survived || mutant.status === 'Timeout') && argued?.length > 0) {
        argued.pop();
        counts.argued += 1;
      } else if (mutant.status === 'Ignored') problems.push(['is left out', entry]);
      else if (survived) problems.push(['survives and is not argued', entry]);
      counts[survived ? 'survived' : 'killed'] += 1;
    }
    rows.push([file, counts]);
    if (scoreOf(counts) < LEAST) problems.push([`is under ${LEAST} %`, { file }]);
    const before = kept[file]?.argued;
    if (before !== undefined && counts.argued > before) {
      problems.push([
        `has ${counts.argued} argued survivors, ${before} when it was scored last: the list only shrinks`,
        { file },
      ]);
    }
  }
  for (const entries of left.values()) {
    for (const { why, ...entry } of entries) {
      // A run of some files says nothing of the others.
      if (files[entry.file] !== undefined || !config.mutate.includes(entry.file)) {
        problems.push([`is argued (“${oneLine(why).slice(0, 60)}”) and does not survive`, entry]);
      }
    }
  }
  const faulty = new Set(problems.map(([, { file }]) => file));
  keepScores(rows.filter(([file]) => !faulty.has(file)));
  print(rows);
  for (const [problem, entry] of problems) out(`${problem}: ${JSON.stringify(entry)}`);
  return problems.length === 0 ? 0 : 1;
}

const scoreOf = ({ killed, survived }) => (killed + survived === 0 ? 100 : (100 * killed) / (killed + survived));

function print(rows) {
  const line = (file, ...cells) => out(file.padEnd(48) + cells.map((cell) => String(cell).padStart(8)).join(''));
  line('module', 'mutants', 'alive', 'argued', 'score');
  const sum = { killed: 0, survived: 0, argued: 0 };
  const show = (name, counts) =>
    line(name, counts.killed + counts.survived, counts.survived, counts.argued, scoreOf(counts).toFixed(1));
  for (const [file, counts] of rows) {
    show(file, counts);
    for (const name of Object.keys(sum)) sum[name] += counts[name];
  }
  show('all', sum);
}

function main(args) {
  const changed = args.includes('--changed') ? changedModules() : null;
  if (changed?.length === 0) {
    out(`mutation gate: no module has changed since its score was kept in ${SCORES}`);
    print(Object.entries(readScores()));
    return 0;
  }
  return Math.max(runStryker(changed === null ? args : ['--mutate', changed.join(',')]), check());
}

process.exitCode = main(process.argv.slice(2));
