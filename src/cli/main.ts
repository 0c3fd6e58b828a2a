#!/usr/bin/env node
/** This module is `bridge`, the operator's command line, as a process. */
import { runCommandLine } from './program.js';

// `bridge ... | head` closes the pipe early: that is the reader's choice, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2));
