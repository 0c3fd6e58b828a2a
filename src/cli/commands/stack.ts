import { Command } from 'commander';
import { stackDown, type StackProgress, stackStatus, stackUp } from '../../stack/index.js';
import { type Context, contextOf, stackOptions } from '../context.js';
import { EXIT } from '../errors.js';
import { styledStatus } from '../views/report.js';
import { type Endpoints, withoutSecrets } from '../../endpoints.js';

export const stackCommand = (): Command => {
  const stack = new Command('stack').description('the local servers: Temporal with Web UI, PostgreSQL, Kafka');
  stack
    .command('up')
    .description('start what is not running; builds the servers the first time')
    .action(async (_options: unknown, command: Command) => {
      const context = contextOf(command);
      const endpoints = withoutSecrets(await up(context));
      context.out.record(endpoints);
      printEndpoints(context, endpoints);
    });
  stack
    .command('status')
    .description('addresses and state of the servers')
    .action(async (_options: unknown, command: Command) => {
      const { config, out } = contextOf(command);
      const { endpoints: known, services } = await stackStatus(stackOptions(config));
      const endpoints = withoutSecrets(known);
      out.record(endpoints);
      const addresses = {
        temporal: endpoints.temporal?.address ?? '',
        postgres: endpoints.postgres?.url ?? '',
        kafka: endpoints.kafka?.brokers.join(',') ?? '',
      };
      const rows = Object.entries(services).map(([name, { state }]) => [
        name,
        styledStatus(out, state),
        addresses[name as keyof typeof addresses],
      ]);
      out.table(['server', 'state', 'address'], rows);
      const ui = endpoints.temporal?.ui ?? null;
      if (ui !== null) {
        out.line();
        out.line(`Web UI  ${ui}`);
      }
      const down = Object.values(services).some(({ state }) => state === 'stopped' || state === 'unreachable');
      process.exitCode = down ? EXIT.unreachable : EXIT.ok;
    });
  stack
    .command('down')
    .description('end what "up" started; data is kept')
    .option('--purge', 'remove the data too')
    .action(async ({ purge = false }: { purge?: boolean }, command: Command) => {
      const { config, out } = contextOf(command);
      const stopped = await stackDown({ ...stackOptions(config), purge });
      out.record(stopped);
      out.line('stopped');
    });
  return stack;
};

/** Starts the stack, and says on standard error what takes time. */
export const up = ({ config, out }: Context): Promise<Endpoints> =>
  stackUp({
    ...stackOptions(config),
    onProgress: ({ service, message, elapsedMs }: StackProgress) => {
      const elapsed = out.style('gray', `${(elapsedMs / 1_000).toFixed(0).padStart(4)} s`);
      out.note([elapsed, `  ${service.padEnd(9)} ${message}`]);
    },
  });

function printEndpoints({ out }: Context, { temporal, postgres, kafka }: Endpoints): void {
  out.line(`Temporal    ${temporal.address} (namespace ${temporal.namespace})`);
  if (temporal.ui !== null) out.line(`Web UI      ${temporal.ui}`);
  out.line(`PostgreSQL  ${postgres.url}`);
  out.line(`Kafka       ${kafka.brokers.join(',')}`);
}
