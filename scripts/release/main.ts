/**
 * `npm run release -- minor` makes a release: version, changelog, contract, tarballs, wheel, list of parts, the worker
 * that later schemas are tested with, commit, tag and image. Nothing is published or pushed.
 * With `--dry-run` the files are made, and the work tree stays as it is.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { engine, makeArtifacts } from './artifacts.js';
import { judged } from './audit.js';
import { released } from './changelog.js';
import { commit, editedBeside, takeBack, type Written, written } from './changes.js';
import { attempt, output } from './commands.js';
import { NAMING_IMAGE, nextVersion, withVersion } from './versions.js';

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const git = (...args: string[]): string => output('git', args);

/** The packed build, which `scripts/release-worker.mjs` writes. */
const WORKER = 'test/data/released-worker.tgz';

/** @throws Error with the reason why nothing was released, with the work tree as before; or with what is left to do. */
function release(asked: string | undefined, dry: boolean): void {
  const changed = git('status', '--porcelain').trim();
  if (changed !== '') throw new Error(`expected a work tree without changes, got:\n${changed}`);
  const { version: current } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
  const version = nextVersion(current, asked);
  const date = new Date().toISOString().slice(0, 10);
  const { text, notes } = released(readFileSync('CHANGELOG.md', 'utf8'), version, date);
  if (git('tag', '--list', `v${version}`).trim() !== '') throw new Error(`expected no tag v${version}, got one`);
  audit();

  const folder = `release/${version}`;
  const message = `Release ${version}`;
  const paths = write(version, text);
  try {
    for (const [name, bytes] of makeArtifacts(folder, notes)) say(`${folder}/${name}: ${bytes} bytes`);
    output('node', ['scripts/release-worker.mjs']);
    const edited = editedBeside(paths);
    if (edited.length > 0)
      say(`edited meanwhile, and left out of the commit: ${edited.join(', ')}; ${folder} may have it`);
    if (!dry) commit(paths, message);
  } catch (error) {
    takeBack(paths);
    throw error;
  }
  if (dry) {
    takeBack(paths);
    say(`${version} was tried: the files are in ${folder}; no commit, no tag, no image`);
    return;
  }
  const tag = `v${version}`;
  const tagging = `git tag --annotate ${tag} --message '${message}'`;
  orLeft(`${version} is committed, without a tag; run ${tagging}, then npm run image`, () =>
    git('tag', '--annotate', tag, '--message', message),
  );
  orLeft(`${version} is committed and tagged ${tag}, without an image; run npm run image`, () => image(version));
  say(
    `${version} is committed and tagged v${version}; nothing is published: push the commit and the tag, then the files`,
  );
}

/** @throws Error with what is done, and what is left to do, when a step behind the commit fails. */
function orLeft(state: string, step: () => unknown): void {
  try {
    step();
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${state}`, { cause: error });
  }
}

/** Writes the version to wherever it stands, and returns the paths. When that fails, nothing is changed. */
function write(version: string, changelog: string): Written {
  try {
    writeFiles(version, changelog);
    const { changed, added } = written();
    return { changed: [...changed, WORKER], added };
  } catch (error) {
    takeBack(written());
    throw error;
  }
}

function writeFiles(version: string, changelog: string): void {
  output('npm', ['version', '--no-git-tag-version', '--silent', version]);
  writeFileSync('CHANGELOG.md', changelog);
  for (const path of NAMING_IMAGE) writeFileSync(path, withVersion(readFileSync(path, 'utf8'), version));
  output('npm', ['run', '--silent', 'docs']);
  output('npm', ['run', '--silent', 'release:contract']);
}

/** @throws Error for packages with a known weakness. */
function audit(): void {
  const { answered, lines } = judged(attempt('npm', ['audit', '--omit=dev', '--json']).stdout);
  if (!answered) say(`npm audit is left out: the registry does not answer it (${lines.join('; ')})`);
  else if (lines.length > 0) throw new Error(`npm audit has found:\n${lines.join('\n')}`);
  else say('npm audit has found nothing');
}

function image(version: string): void {
  const found = engine();
  if (found === null) {
    say('the image is left out: no docker, podman or buildah answers (CONTAINER_ENGINE names another)');
    return;
  }
  output('npm', ['run', '--silent', 'image'], { CONTAINER_ENGINE: found });
  say(`bridge-store-effect:${version} is in ${found}`);
}

const args = process.argv.slice(2);
const [asked, ...others] = args.filter((arg) => arg !== '--dry-run');
try {
  if (others.length > 0) throw new Error(`expected a version and --dry-run, got ${others.join(' ')}`);
  // Where the `--` is left out, npm takes the flag for its own, and says so in a variable.
  release(asked, args.includes('--dry-run') || process.env.npm_config_dry_run === 'true');
} catch (error) {
  process.stderr.write(`release: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
