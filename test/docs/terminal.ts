/**
 * This module has the two terminals of a reader who follows a page. One is for commands and keeps its folder and
 * variables; the other is for a worker.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../../src/flow-control/until.js';

export interface CommandRun {
  readonly code: number;
  /** Standard output and standard error, as a terminal shows them. */
  readonly output: string;
}

/** Milliseconds for a block. */
const BLOCK_MS = 180_000;
/** Milliseconds for what runs in the second terminal to say that it is ready. */
const READY_MS = 120_000;

/** Process groups that are to end with this process, also when a run is broken off. */
const groups = new Set<number>();
process.once('exit', () => {
  for (const pid of groups) signalGroup(pid, 'SIGKILL');
});

/**
 * Shell code around a block that keeps the block's first failure. A list of commands with `&&` fails by its last one
 * only, or as the end of the block.
 */
const KEEP = '[ "$failed" != 0 ] || failed=$code';
const BEGIN = `failed=0\ntrap 'code=$?; ${KEEP}' ERR\n`;
const END = `code=$?\ntrap - ERR\n${KEEP}\n`;

export class FirstTerminal {
  readonly #shell: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #blocks = 0;

  /** @param scratch a folder for what the shell is told and what it prints. */
  constructor(
    private readonly scratch: string,
    directory: string,
    env: NodeJS.ProcessEnv,
  ) {
    this.#shell = spawn('bash', ['--norc', '-s'], {
      cwd: directory,
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#shell.pid !== undefined) groups.add(this.#shell.pid);
    // The error is dropped, because a shell that has ended is noticed by its answers.
    this.#shell.stdin!.on('error', () => undefined);
    this.#answers = createInterface({ input: this.#shell.stdout! })[Symbol.asyncIterator]();
  }

  /** Runs a block in the shell. The run's code is that of the first command that failed. */
  async run(code: string): Promise<CommandRun> {
    this.#blocks += 1;
    const script = join(this.scratch, `block-${this.#blocks}.sh`);
    const printed = join(this.scratch, `block-${this.#blocks}.out`);
    await writeFile(script, `${BEGIN}${code}${END}`);
    const answer = await this.#ask(`source ${script} </dev/null >${printed} 2>&1; echo $failed`);
    return { code: Number(answer), output: await readFile(printed, 'utf8') };
  }

  /** Returns the folder the shell is in. */
  directory(): Promise<string> {
    return this.#ask('pwd');
  }

  /** Ends the shell with what it runs in the background. */
  async close(): Promise<void> {
    await endGroup(this.#shell, 'SIGKILL');
  }

  async #ask(command: string): Promise<string> {
    this.#shell.stdin!.write(`${command}\n`);
    const late = setTimeout(() => void endGroup(this.#shell, 'SIGKILL'), BLOCK_MS);
    const answer = await this.#answers.next();
    clearTimeout(late);
    assert.ok(answer.done !== true, `the shell ended, or was ended after ${BLOCK_MS} ms, during: ${command}`);
    return answer.value;
  }
}

export class SecondTerminal {
  #current: { readonly child: ChildProcess; output: string } | undefined;

  constructor(private readonly env: NodeJS.ProcessEnv) {}

  /** Ends what runs, as Ctrl+C does, and starts a block in its place. @throws when it does not print `ready`. */
  async run(code: string, directory: string, ready: string): Promise<void> {
    await this.close();
    const child = spawn('bash', ['--norc', '-c', code], {
      cwd: directory,
      env: this.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) groups.add(child.pid);
    const current = (this.#current = { child, output: '' });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (current.output += chunk.toString()));
    }
    let over = false;
    child.once('close', () => (over = true));
    const isReady = (): Promise<void> => {
      assert.ok(current.output.includes(ready), `no "${ready}"${over ? ', and it ended' : ''}:\n${this.tail()}`);
      return Promise.resolve();
    };
    await until(READY_MS, isReady, () => !over);
  }

  /** Returns the last lines that the second terminal printed. */
  tail(): string {
    return (this.#current?.output ?? '').split('\n').slice(-20).join('\n');
  }

  async close(): Promise<void> {
    if (this.#current !== undefined) await endGroup(this.#current.child, 'SIGINT');
    this.#current = undefined;
  }
}

/** Signals a process and all processes it has started, and waits until their output is closed. */
async function endGroup(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const { pid } = child;
  const open = [child.stdout, child.stderr].some((stream) => stream !== null && !stream.closed);
  if (pid === undefined || !open) return;
  const closed = once(child, 'close');
  signalGroup(pid, signal);
  await closed;
  groups.delete(pid);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // `ESRCH` means that no process is left in the group.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
