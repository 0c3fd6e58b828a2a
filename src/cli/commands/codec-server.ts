/** This command lets Temporal's Web UI and command line read encrypted payloads. */
import { Command } from 'commander';
import type { Config } from '../../config.js';
import { serveCodec } from '../../payloads/codec-server.js';
import { codecOf } from '../../payloads/data-converter.js';
import { secretOf } from '../../secret.js';
import { stackStatus } from '../../stack/index.js';
import { portNumber } from '../arguments.js';
import { type Context, contextOf, stackOptions } from '../context.js';
import { UsageError } from '../errors.js';

interface Options {
  readonly port: number;
  readonly host: string;
  readonly origin?: string;
}

export const codecServerCommand = (): Command =>
  new Command('codec-server')
    .description("decode payloads for Temporal's Web UI and command line, until SIGINT or SIGTERM")
    .option('--port <port>', 'the port to listen on; 0: any free one', portNumber, 8081)
    .option('--host <host>', 'the address to listen on; another than loopback needs CODEC_SERVER_TOKEN', '127.0.0.1')
    .option('--origin <origin>', 'the origin of the Web UI, whose pages may call; default: that of TEMPORAL_UI_URL')
    .action(async (options: Options, command: Command) => {
      // The handlers come first, as in `bridge worker`.
      const signalled = new Promise<NodeJS.Signals>((resolve) => {
        process.once('SIGINT', resolve).once('SIGTERM', resolve);
      });
      const context = contextOf(command);
      const server = await serve(context, options);
      context.logger.info({ signal: await signalled }, 'shutting down');
      await server.close();
    });

async function serve({ config, logger, out }: Context, { port, host, origin: given }: Options) {
  const { PAYLOAD_KEYS_FILE } = config;
  if (PAYLOAD_KEYS_FILE === undefined)
    throw new UsageError('PAYLOAD_KEYS_FILE: expected the file of the keys, got nothing');
  const token = secretOf('CODEC_SERVER_TOKEN', config);
  if (token === undefined && !isLoopback(host)) {
    throw new UsageError(
      `--host ${host}: expected CODEC_SERVER_TOKEN or CODEC_SERVER_TOKEN_FILE, as others can reach this address`,
    );
  }
  const codec = codecOf(config, (err) => logger.warn({ err }, err.message));
  const origin = originOf(given ?? (await webUi(config)));
  const server = await serveCodec({ codec, host, port, origin, token }).catch((error: unknown) => {
    throw new UsageError(`--host ${host} --port ${port}: cannot listen there`, { cause: error });
  });
  out.record({ host, port: server.port, origin });
  out.line(`codec server  http://${host.includes(':') ? `[${host}]` : host}:${server.port}`);
  out.line(`Web UI        ${origin ?? 'none: set --origin or TEMPORAL_UI_URL'}`);
  return server;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** Returns the address of the Web UI: the given one, else the local stack's. */
async function webUi(config: Config): Promise<string | null> {
  const { TEMPORAL_UI_URL: ui, TEMPORAL_ADDRESS: address } = config;
  if (ui !== undefined || address !== undefined) return ui ?? null;
  return (await stackStatus(stackOptions(config))).endpoints.temporal?.ui ?? null;
}

/** @throws UsageError for what is no URL. */
function originOf(url: string | null): string | null {
  if (url === null) return null;
  if (!URL.canParse(url))
    throw new UsageError(`--origin: expected a URL such as https://temporal.example.com, got ${url}`);
  return new URL(url).origin;
}
