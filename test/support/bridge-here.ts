/**
 * This module runs the command line of `bridge` in the process that tests. That needs no build, and no start of a
 * process.
 */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import pLimit from 'p-limit';
import { type BridgeRun, runOf } from './bridge.js';

/** The queue runs one command at a time, because each of them has the whole process. */
const queue = pLimit(1);

/**
 * Runs a command in this process, which spares a start: 80 starts were a tenth of the CPU of a run. It is for commands
 * that end by themselves. The runs of `bridge` show that they end as a process too.
 * @param input the command's standard input. Default: none, which ends at once.
 */
export const bridgeHere = (args: readonly string[], env: NodeJS.ProcessEnv, input = ''): Promise<BridgeRun> =>
  queue(async () => {
    // The program is imported here, because Mocha may have required this file. The commands are imported, and a
    // required program would have other classes of errors than they have.
    const { runCommandLine } = await import('../../src/cli/program.js');
    const { env: own, exitCode } = process;
    const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')!;
    const stdout = new Captured(process.stdout);
    const stderr = new Captured(process.stderr);
    process.env = env;
    process.exitCode = undefined;
    Object.defineProperty(process, 'stdin', { configurable: true, value: Readable.from([Buffer.from(input)]) });
    try {
      const code = await runCommandLine(args);
      return runOf(code, stdout.text, stderr.text);
    } finally {
      process.env = own;
      process.exitCode = exitCode;
      Object.defineProperty(process, 'stdin', stdin);
      stdout.release();
      stderr.release();
    }
  });

const listenersOf = (emitter: NodeJS.EventEmitter): Record<string, number> =>
  Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]));

/** This class captures what is written to a stream until `release`. Meanwhile the stream looks like a pipe. */
class Captured {
  text = '';
  readonly #listeners: Record<string, number>;
  readonly #write: NodeJS.WriteStream['write'];
  readonly #isTTY: boolean;

  constructor(private readonly stream: NodeJS.WriteStream) {
    this.#listeners = listenersOf(stream);
    this.#write = stream.write.bind(stream);
    this.#isTTY = stream.isTTY;
    stream.isTTY = false;
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
      this.text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const done = rest.at(-1);
      if (typeof done === 'function') process.nextTick(done);
      return true;
    };
  }

  release(): void {
    this.stream.write = this.#write;
    this.stream.isTTY = this.#isTTY;
    assert.deepEqual(listenersOf(this.stream), this.#listeners, 'a command leaves no listener on its streams');
  }
}
