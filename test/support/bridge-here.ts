/** Runs the command line of `bridge` in the process that tests: no build, and no start. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import pLimit from 'p-limit';
import { type BridgeRun, runOf } from './bridge.js';

/** One at a time: each has the whole process. */
const queue = pLimit(1);

/**
 * Spares a start: 80 of them were a tenth of the CPU of a run. For commands that end by themselves; that
 * they end as a process too, `bridge` shows.
 * @param input its standard input. Default: none, which ends at once.
 */
export const bridgeHere = (args: readonly string[], env: NodeJS.ProcessEnv, input = ''): Promise<BridgeRun> =>
  queue(async () => {
    // Mocha may have required this file: the commands, which are imported, would have other classes of errors than the
    // program.
    const { runCommandLine } = await import('../../src/cli/program.js');
    const { env: own, exitCode } = process;
    const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')!;
    const stdout = new Captured(process.stdout);
    const stderr = new Captured(process.stderr);
    process.env = env;
    process.exitCode = undefined;
    Object.defineProperty(process, 'stdin', { configurable: true, value: Readable.from([input]) });
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

/** What is written to a stream meanwhile; it looks like a pipe. */
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
