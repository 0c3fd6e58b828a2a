#!/usr/bin/env node
/** `bridge`: the operator's command line. One file a command; this one only puts them together. */
import { Command, CommanderError } from 'commander';
import { EXIT, exitCodeOf } from './errors.js';

/** A command is loaded when it is asked for: Temporal's worker alone takes half a second. */
const loaders: Record<string, () => Promise<Command>> = {
  execute: async () => (await import('./execute.js')).executeCommand(),
  emit: async () => (await import('./emit.js')).emitCommand(),
  status: async () => (await import('./status.js')).statusCommand(),
  list: async () => (await import('./list.js')).listCommand(),
  'dead-letters': async () => (await import('./dead-letters.js')).deadLettersCommand(),
  rollout: async () => (await import('./rollout.js')).rolloutCommand(),
  recover: async () => (await import('./recover.js')).recoverCommand(),
  setup: async () => (await import('./setup.js')).setupCommand(),
  worker: async () => (await import('./worker.js')).workerCommand(),
  intake: async () => (await import('./intake.js')).intakeCommand(),
  stack: async () => (await import('./stack.js')).stackCommand(),
  doctor: async () => (await import('./doctor.js')).doctorCommand(),
  demo: async () => (await import('./demo.js')).demoCommand(),
};

const program = new Command('bridge')
  .description('Carries out lists of intents durably: Temporal, PostgreSQL, Kafka.')
  .option('--json', 'print JSON, one value per line')
  .showHelpAfterError('(run with --help for the usage)')
  .exitOverride()
  .addHelpText(
    'after',
    '\nExit codes: 0 ok, 1 something failed (an intent, a check, a redrive), 2 bad usage or input, 3 a service cannot be reached.\n' +
      'Settings come from the environment (TEMPORAL_ADDRESS, DATABASE_URL, KAFKA_BOOTSTRAP_SERVERS, ...);\n' +
      'what is not set is taken from the local stack ("bridge stack up").',
  );

const asked = process.argv.slice(2).find((argument) => !argument.startsWith('-')) ?? '';
const wanted = Object.hasOwn(loaders, asked) ? [asked] : Object.keys(loaders);
for (const name of wanted) {
  const command = await loaders[name]?.();
  if (command === undefined) continue;
  // Accepted before and after the command's name.
  for (const leaf of [command, ...command.commands])
    leaf.option('--json', 'print JSON, one value per line').exitOverride();
  program.addCommand(command);
}

// `bridge ... | head` closes the pipe early: that is the reader's choice, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    process.stderr.write(`bridge: ${messageOf(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
