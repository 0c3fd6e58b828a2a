/**
 * This module follows pages. It saves their files, runs their commands, and compares what is printed with the output
 * that they show.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Block, blocksOf } from './blocks.js';
import { FirstTerminal, SecondTerminal } from './terminal.js';

export interface FollowerOptions {
  /** The folder in which the first terminal is opened. */
  readonly directory: string;
  /** The folder for the scripts of the terminals and for what they print. */
  readonly scratch: string;
  readonly env: NodeJS.ProcessEnv;
  /** A text that tells the request ids of this run from those of other runs on the same server. */
  readonly run: string;
  /** Prefix of this run's topics. The pages show topics of the default prefix instead. */
  readonly topicPrefix: string;
}

export class Follower {
  readonly #first: FirstTerminal;
  readonly #second: SecondTerminal;
  /** Paths of the TypeScript files that were saved, for the compiler. */
  readonly typescript: string[] = [];

  constructor(private readonly options: FollowerOptions) {
    this.#first = new FirstTerminal(options.scratch, options.directory, options.env);
    this.#second = new SecondTerminal(options.env);
  }

  /** @throws AssertionError naming the page and the line of what does not do what the page says. */
  async follow(page: string): Promise<void> {
    let printed = '';
    for (const block of blocksOf(page)) {
      if (block.directive.kind === 'not run') continue;
      if (block.language === 'text') this.#compare(block, printed);
      else if (block.file !== null) await this.#save(block, block.file);
      else printed = await this.#run(block);
    }
  }

  async close(): Promise<void> {
    await this.#second.close();
    await this.#first.close();
  }

  async #save({ code, language }: Block, file: string): Promise<void> {
    const path = join(await this.#first.directory(), file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, this.#ofThisRun(code));
    if (language === 'ts') this.typescript.push(path);
  }

  /** @returns what it printed; nothing of the second terminal. */
  async #run({ at, code, directive }: Block): Promise<string> {
    const text = this.#ofThisRun(code);
    if (directive.kind === 'second terminal') {
      await this.#second.run(text, await this.#first.directory(), directive.until).catch((error: unknown) => {
        throw new assert.AssertionError({
          message: `${at}: ${error instanceof Error ? error.message : String(error)}`,
        });
      });
      return '';
    }
    const wanted = directive.kind === 'exits with' ? directive.code : 0;
    const { code: found, output } = await this.#first.run(text);
    assert.equal(
      found,
      wanted,
      `${at}: expected exit code ${wanted}, got ${found}:\n${text}${output}\nsecond terminal:\n${this.#second.tail()}`,
    );
    return output;
  }

  /** Asserts that each line that a page shows was printed, in this order. What differs from run to run is left out. */
  #compare({ at, code }: Block, printed: string): void {
    const lines = printed.split('\n').map((line) => this.#lasting(line));
    let from = 0;
    for (const shown of this.#ofThisRun(code).split('\n')) {
      const wanted = this.#lasting(shown);
      const found = lines.findIndex((line, index) => index >= from && line.includes(wanted));
      assert.ok(
        found >= 0,
        `${at}: "${wanted}" is not in the rest of what was printed:\n${lines.slice(from).join('\n')}`,
      );
      from = found;
    }
  }

  #ofThisRun(text: string): string {
    return text.replaceAll(/\breduction-\d+\b/g, (id) => `${id}-${this.options.run}`);
  }

  #lasting(line: string): string {
    return line
      .replaceAll(this.options.topicPrefix, 'omninode_bridge')
      .replaceAll(/\b\d+\.\d+\b/g, '0.0')
      .replaceAll(/\s+/g, ' ')
      .trim();
  }
}
