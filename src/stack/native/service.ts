/** A native service is what the start of a server needs to know about it. */
import type { Reporter } from '../progress.js';
import type { Ports } from '../ports.js';
import type { ServerCommand } from '../process/detached.js';
import type { RunCommand } from '../process/run.js';
import type { ServiceName, StackOptions } from '../types.js';
import type { Endpoints } from '../../endpoints.js';

export interface NativeContext {
  readonly options: StackOptions;
  readonly run: RunCommand;
  readonly reporter: Reporter;
}

export interface PreparedServer {
  /** Folder of the server's data; absolute. */
  readonly dataDir: string;
  /** Makes the command that starts the server, after whatever a start needs first on that data (such as `initdb`). */
  command(ports: Ports): Promise<ServerCommand>;
}

export interface NativeService<Name extends ServiceName = ServiceName> {
  readonly name: Name;
  /** Well-known port number of each role. */
  readonly ports: Ports;
  /** Signal that asks for an orderly end. */
  readonly stopSignal: NodeJS.Signals;
  /** Installs or finds the server. @throws StackError naming the tool that is missing. */
  prepare(context: NativeContext): Promise<PreparedServer>;
  endpoint(ports: Ports, options: StackOptions): Endpoints[Name];
  /**
   * Provides what callers may take for granted, such as the database; it is called each time the server has come to
   * answer.
   */
  complete?(endpoint: Endpoints[Name], options: StackOptions): Promise<void>;
}

export const LOOPBACK = '127.0.0.1';
/** Returns the port number of a role; every prepared service has one for each of its roles. */
export function portOf(ports: Ports, role: string): number {
  const port = ports[role];
  if (port === undefined) throw new Error(`no port for ${role}`);
  return port;
}
