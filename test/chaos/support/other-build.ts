/** This module makes a build whose workflow code differs: neither build can replay what the other one has executed. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const LINKED = ['node_modules', 'migrations', 'package.json'];

export interface OtherBuild {
  /** The main file of its `bridge`. */
  readonly main: string;
  remove(): Promise<void>;
}

/** Copies the build, with a timer in front of each plan that a workflow runs. */
export async function makeOtherBuild(): Promise<OtherBuild> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-other-build-'));
  await cp(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  for (const name of LINKED) await symlink(join(ROOT, name), join(folder, name));
  const bundle = join(folder, 'dist', 'workflow-bundle-versioned.js');
  const code = await readFile(bundle, 'utf8');
  const parts = code.split(PLAN_RUN);
  if (parts.length !== 2) throw new Error(`the bundle has ${parts.length - 1} times: ${PLAN_RUN}`);
  await writeFile(bundle, parts.join(`${PLAN_RUN}${TIMER}`));
  return {
    main: join(folder, 'dist', 'src', 'cli', 'main.js'),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** The first lines of `PlanExecutor.run`, by which every list is executed. */
const PLAN_RUN = '    async run() {\n        this.#rejectInvalid();\n';
const TIMER = '        await new Promise((resolve) => setTimeout(resolve, 1));\n';
