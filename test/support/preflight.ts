/** This module says before the tests what they need beside an engine. Containers run the servers, and no tool. */
import { engineProblem } from '../../src/stack/compose/engine.js';
import type { StackOptions, StackStatus } from '../../src/stack/types.js';
import { type RunCommand, runCommand } from '../../src/stack/process/run.js';

/** Tools by what the tests do with them. Each is asked for its version. */
const TOOLS = [
  {
    names: ['java'],
    args: ['-version'],
    title: 'Java 17',
    use: 'brokers of their own, and the console consumer of Kafka',
  },
  { names: ['mvn'], args: ['--version'], title: 'Maven', use: 'the jars of Kafka and of the test server of Temporal' },
  { names: ['go', 'python3'], args: ['version', '-V'], title: 'Go or Python', use: 'the command line of Temporal' },
];

/** Returns whether the servers are containers, or will be. The start of native servers says itself what it lacks. */
export async function areContainers(
  { mode = 'auto', run = runCommand }: StackOptions,
  before: Pick<StackStatus, 'mode'>,
): Promise<boolean> {
  if (before.mode !== null || mode === 'native') return before.mode === 'compose';
  return (await engineProblem(run)) === null;
}

/** Returns what is missing, in one sentence a tool, and what to do; null where nothing is. */
export async function missingTools(run: RunCommand = runCommand): Promise<string | null> {
  const found = await Promise.all(
    TOOLS.map(async ({ names, args, ...tool }) => {
      const codes = await Promise.all(
        names.map((name, index) => run(name, [args[index] ?? ''], { timeoutMs: 20_000 })),
      );
      return codes.some(({ code }) => code === 0) ? null : tool;
    }),
  );
  const missing = found.filter((tool) => tool !== null);
  if (missing.length === 0) return null;
  return [
    'The tests need more than a container engine:',
    ...missing.map(({ title, use }) => `- ${title}, for ${use}`),
    'Install them; BRIDGE_STACK_MODE=native then runs the servers without containers, too.',
  ].join('\n');
}
