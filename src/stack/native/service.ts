/** A native service is what the start of a server needs to know about it. */
import type { Reporter } from '../progress.js';
import type { Ports } from '../ports.js';
import type { ServerCommand } from '../process/detached.js';
import type { RunCommand } from '../process/run.js';
import type { ServiceName, StackEndpoints, StackOptions } from '../types.js';

export interface NativeContext {
  readonly options: StackOptions;
  readonly run: RunCommand;
  readonly reporter: Reporter;
}

export interface PreparedServer {
  /** Folder of the server's data; absolute. */
  readonly dataDir: string;
  /** Makes the command to start it with, after whatever a start needs first on that data (such as `initdb`). */
  command(ports: Ports): Promise<ServerCommand>;
}

export interface NativeService<Name extends ServiceName = ServiceName> {
  readonly name: Name;
  /** Well-known port of each role. */
  readonly ports: Ports;
  /** Asks for an orderly end. */
  readonly stopSignal: NodeJS.Signals;
  /** Installs or finds the server. @throws StackError naming the tool that is missing. */
  prepare(context: NativeContext): Promise<PreparedServer>;
  endpoint(ports: Ports, options: StackOptions): StackEndpoints[Name];
  /** After it answers, each time: what callers may take for granted, such as the database. */
  complete?(endpoint: StackEndpoints[Name], options: StackOptions): Promise<void>;
}

export const LOOPBACK = '127.0.0.1';
/** Every prepared service has each of its roles. */
export function portOf(ports: Ports, role: string): number {
  const port = ports[role];
  if (port === undefined) throw new Error(`no port for ${role}`);
  return port;
}
