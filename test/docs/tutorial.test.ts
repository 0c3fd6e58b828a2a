/**
 * These tests follow README.md and the tutorial as they stand. Every block is saved or run, in order, in one folder,
 * against the real servers. The output that a page shows is compared with what is printed. Two things differ from what
 * a reader has. npm and npx are stand-ins where they would download, or only find a program (stand-ins/bin). Where
 * Python has no `temporalio`, its calls go to Temporal's own command line (stand-ins/python).
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { createEnvironment, type Environment } from '../support/environment.js';
import { Follower } from './follow.js';
import { createProject, type Project, ROOT } from './project.js';

const README = join(ROOT, 'README.md');
const TUTORIAL = ['01-first-list', '02-watch-it-fail', '03-emit-and-await', '04-add-an-intent'].map((name) =>
  join(ROOT, 'docs/tutorial', `${name}.md`),
);

/** Milliseconds for a page. */
const PAGE_MS = 300_000;

describe('the pages for a newcomer', () => {
  let environment: Environment;
  let project: Project;
  /** Paths of the TypeScript files of all pages. */
  const typescript: string[] = [];
  before(async function () {
    this.timeout(120_000);
    environment = await createEnvironment({ worker: false });
    project = await createProject(environment);
    if (!project.hasTemporalio) process.stderr.write('pages: Python has no temporalio, a stand-in takes its calls\n');
  });
  after(async () => {
    await project.remove();
    await environment.close();
  });

  async function newFollower(): Promise<Follower> {
    const scratch = await mkdtemp(join(project.folder, 'scratch-'));
    const { KAFKA_TOPIC_PREFIX: topicPrefix } = environment.config;
    const run = randomBytes(3).toString('hex');
    return new Follower({ directory: project.clone, scratch, env: project.env, run, topicPrefix });
  }

  async function close(follower: Follower): Promise<void> {
    typescript.push(...follower.typescript);
    await follower.close();
  }

  describe('README.md', () => {
    let follower: Follower;
    before(async () => {
      follower = await newFollower();
    });
    after(() => close(follower));

    it('does what it says', () => follower.follow(README)).timeout(PAGE_MS);

    it('is short', async () => {
      const words = (await readFile(README, 'utf8')).split(/\s+/).filter(Boolean).length;
      assert.ok(words <= 700, `${words} words`);
    });
  });

  describe('the tutorial', () => {
    let follower: Follower;
    before(async () => {
      follower = await newFollower();
    });
    after(() => close(follower));

    // Each page goes on where the page before it has ended.
    for (const page of TUTORIAL) {
      it(`page ${page.replace(/^.*\//, '')} does what it says`, () => follower.follow(page)).timeout(PAGE_MS);
    }
  });

  describe('their TypeScript', () => {
    it('is what the compiler takes', () => {
      assert.equal(typescript.length, 7, typescript.join(', '));
      assert.deepEqual(problemsOf(typescript), []);
    }).timeout(PAGE_MS);
  });
});

/** Returns what the compiler says of files, with the settings of a new project. */
function problemsOf(files: readonly string[]): string[] {
  const program = ts.createProgram([...files], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.es2024.string.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    esModuleInterop: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  });
  return files.flatMap((file) => {
    const source = program.getSourceFile(file);
    assert.ok(source !== undefined, file);
    return ts
      .getPreEmitDiagnostics(program, source)
      .map(({ messageText }) => `${file}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  });
}
