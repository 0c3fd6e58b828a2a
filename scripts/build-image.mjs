/**
 * `npm run image` builds the image of the present commit with the first engine that is there. Its labels follow from
 * the version and the commit, so that the same source has the same labels. Further arguments go to the engine.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const git = (...args) => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? '';
const revision = git('rev-parse', 'HEAD') || 'unknown';
const created = new Date(Number(git('show', '-s', '--format=%ct')) * 1_000).toISOString();

const engine = (process.env.CONTAINER_ENGINE ? [process.env.CONTAINER_ENGINE] : ['docker', 'podman', 'buildah']).find(
  (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
);
if (engine === undefined) {
  process.stderr.write('expected docker, podman or buildah, or the path of one in CONTAINER_ENGINE\n');
  process.exit(2);
}
const labels = { VERSION: version, REVISION: revision, CREATED: created };
const { status } = spawnSync(
  engine,
  [
    ...['build', '--file', 'Containerfile', '--tag', `${name}:${version}`],
    ...Object.entries(labels).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
    // The form of OCI has no health check.
    ...(/podman|buildah/.test(engine) ? ['--format', 'docker'] : []),
    ...process.argv.slice(2),
    '.',
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
