/** This module finds the command of `bridge` that is asked for. Each command has a file of its own. */
import { Command, CommanderError } from 'commander';
import { visible } from '../domain/values/text.js';
import { packageVersion } from '../paths.js';
import { EXIT, exitCodeOf } from './errors.js';

/** A command is loaded when it is asked for: Temporal's worker alone takes half a second. */
const loaders: Record<string, () => Promise<Command>> = {
  execute: async () => (await import('./commands/execute.js')).executeCommand(),
  emit: async () => (await import('./commands/emit.js')).emitCommand(),
  rerun: async () => (await import('./commands/rerun.js')).rerunCommand(),
  status: async () => (await import('./commands/status.js')).statusCommand(),
  list: async () => (await import('./commands/list.js')).listCommand(),
  backlog: async () => (await import('./commands/backlog/backlog.js')).backlogCommand(),
  'dead-letters': async () => (await import('./commands/dead-letters.js')).deadLettersCommand(),
  rollout: async () => (await import('./commands/rollout.js')).rolloutCommand(),
  deploy: async () => (await import('./commands/deploy/deploy.js')).deployCommand(),
  recover: async () => (await import('./commands/recover.js')).recoverCommand(),
  setup: async () => (await import('./commands/setup.js')).setupCommand(),
  worker: async () => (await import('./commands/worker.js')).workerCommand(),
  intake: async () => (await import('./commands/intake.js')).intakeCommand(),
  stack: async () => (await import('./commands/stack.js')).stackCommand(),
  'codec-server': async () => (await import('./commands/codec-server.js')).codecServerCommand(),
  schema: async () => (await import('./commands/schema.js')).schemaCommand(),
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand(),
  demo: async () => (await import('./commands/demo.js')).demoCommand(),
};

/** Shows a message. Its further lines are indented, so that text from outside cannot pass for a line of ours. */
const shown = (message: string): string => `${message.trimEnd().split('\n').map(visible).join('\n  ')}\n`;

const OUTPUT = {
  outputError: (message: string, write: (text: string) => void): void => write(shown(message)),
};

/**
 * Runs one command line, without the names of Node and of the program.
 * @returns the exit code.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    const program = await programFor(args);
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(shown(`bridge: ${messageOf(error)}`));
    return exitCodeOf(error);
  }
}

async function programFor(args: readonly string[]): Promise<Command> {
  const program = new Command('bridge')
    .description('Executes lists of intents durably: Temporal, PostgreSQL, Kafka.')
    .version(await packageVersion(), '-V, --version', 'print the version')
    .option('--json', 'print JSON, one value per line')
    .showHelpAfterError('(run with --help for the usage)')
    .exitOverride()
    .configureOutput(OUTPUT)
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 something failed (an intent, a check, a redrive), 2 bad usage or input, 3 a service cannot be reached, or refuses us.\n' +
        'Settings come from the environment (TEMPORAL_ADDRESS, DATABASE_URL, KAFKA_BOOTSTRAP_SERVERS, ...);\n' +
        'what is not set is taken from the local stack ("bridge stack up").',
    );

  const asked = args.find((argument) => !argument.startsWith('-')) ?? '';
  const wanted = Object.hasOwn(loaders, asked) ? [asked] : Object.keys(loaders);
  for (const name of wanted) {
    const command = await loaders[name]?.();
    if (command === undefined) continue;
    // `--json` is accepted before and after the command's name.
    for (const leaf of [command, ...command.commands])
      leaf.option('--json', 'print JSON, one value per line').exitOverride().configureOutput(OUTPUT);
    program.addCommand(command);
  }
  return program;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
