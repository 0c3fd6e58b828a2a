#!/usr/bin/env node
/** This module is `bridge`, the operator's command line, as a process. */
import { runCommandLine } from './program.js';

// `bridge ... | head` closes the pipe early: that is the reader's choice, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const code = await runCommandLine(process.argv.slice(2));
const written = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    stream.write('', () => resolve());
  });
await Promise.all([written(process.stdout), written(process.stderr)]);
// A command that has ended has nothing left to wait for. Threads of Temporal's runtime would keep the process of a
// worker that cannot start, and a supervisor restarts only a process that ends.
process.exit(code);
