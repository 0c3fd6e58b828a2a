/** These types are what callers of the local stack see: where the three servers are and how each is doing. */
import type { KnownEndpoints } from '../endpoints.js';
import type { RunCommand } from './process/run.js';

export const SERVICE_NAMES = ['temporal', 'postgres', 'kafka'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

export type StackPhase = 'checking' | 'building' | 'starting' | 'ready' | 'stopping' | 'stopped' | 'failed';

export interface StackProgress {
  readonly service: ServiceName | 'stack';
  readonly phase: StackPhase;
  readonly message: string;
  /** Milliseconds since the call began. */
  readonly elapsedMs: number;
}

export interface StackOptions {
  /** The folder of this stack's data, logs and state.json. */
  readonly stateDir: string;
  /**
   * Folder of built and downloaded servers, shared by all stacks of a user. It is outside node_modules, which `npm ci`
   * empties.
   */
  readonly cacheDir: string;
  /** The servers that the environment names: they are used, never started, never stopped. */
  readonly given: Partial<KnownEndpoints>;
  /** Temporal namespace that a started server has. */
  readonly namespace: string;
  /** Kind of the servers; default `auto`: containers where an engine with compose answers, else native processes. */
  readonly mode?: 'auto' | 'native' | 'compose';
  /** Database named in the url of a started server and created there. Default `omninode_bridge`. */
  readonly database?: string;
  /**
   * Whether Temporal's histories are kept in a file, so that they survive the server's end; default false. The file
   * costs a fifth of the workflows a second (31 instead of 39 empty ones, beside other load). A change takes effect at
   * the server's start; containers always keep histories in a file.
   */
  readonly durable?: boolean;
  readonly onProgress?: (event: StackProgress) => void;
  /** Runs programs; replaced in tests to stand for a machine without some tool. */
  readonly run?: RunCommand;
  /**
   * Folder of copies that the server's user can reach; default `/var/lib/bridge-store-effect`. It is used only as root,
   * when that user cannot reach the state folder or node_modules.
   */
  readonly rootDir?: string;
}

/** A service is `unreachable` when it should answer (it is given, or its process is alive) and does not. */
type ServiceState = 'given' | 'running' | 'stopped' | 'unreachable';

export interface ServiceStatus {
  readonly state: ServiceState;
  /** Process id; only of a native process. */
  readonly pid?: number;
  /** Reason why the service is unreachable. */
  readonly reason?: string;
}

export interface StackStatus {
  readonly mode: 'native' | 'compose' | null;
  readonly endpoints: KnownEndpoints;
  readonly services: Readonly<Record<ServiceName, ServiceStatus>>;
}

/**
 * The result of `stackDown` is the end of each service. One whose address was set is `kept`, because it is not ours to
 * stop.
 */
export type StackDownResult = Readonly<Record<ServiceName, 'stopped' | 'not running' | 'kept'>>;
