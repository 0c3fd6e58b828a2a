/**
 * This script runs the fast tests and the demo on the supported major versions of Node that this process is not. CI
 * runs the whole suite on one version only. npm's package `node` brings the binary.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

const SUPPORTED = [20, 22, 24];
/** Drawn cases are few, because another Node changes what a test passes through, not what a drawn case finds. */
const CASES = { PROPERTY_CASES: '10', MODEL_RUNS: '10' };

function run(args, options = {}) {
  const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32', ...options });
  if (status !== 0) process.exit(status ?? 1);
}

const own = Number(process.versions.node.split('.')[0]);
for (const major of SUPPORTED.filter((version) => version !== own)) {
  const folder = resolve('.cache/node', String(major));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n');
  run(['install', '--no-audit', '--no-fund', '--loglevel=error', `node@${major}`], { cwd: folder });
  const PATH = `${folder}/node_modules/node/bin${delimiter}${process.env.PATH}`;
  const env = { ...process.env, PATH, ...CASES };
  // Node is looked up as npm's scripts find it.
  const found = spawnSync('npm', ['exec', '-c', 'node --version'], {
    env,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const stdout = found.stdout ?? String(found.error);
  if (!stdout.startsWith(`v${major}.`)) throw new Error(`expected Node ${major}, got ${stdout}`);
  process.stdout.write(`\nNode ${stdout}`);
  run(['run', '-s', 'test:fast'], { env });
  run(['run', '-s', 'demo'], { env });
}
