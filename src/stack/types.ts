/** These types are what callers of the local stack see: where the three servers are and how each is doing. */
import type { RunCommand } from './process/run.js';

export const SERVICE_NAMES = ['temporal', 'postgres', 'kafka'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

interface TemporalEndpoint {
  readonly address: string;
  readonly namespace: string;
  /** Address of the Web UI; null when none is known, as for a given server. */
  readonly ui: string | null;
}
interface PostgresEndpoint {
  readonly url: string;
}
interface KafkaEndpoint {
  readonly brokers: string[];
}

export interface StackEndpoints {
  readonly temporal: TemporalEndpoint;
  readonly postgres: PostgresEndpoint;
  readonly kafka: KafkaEndpoint;
}

/** Endpoints as far as they are known: null for a service that has neither an address given nor ever been started. */
export type KnownEndpoints = { readonly [Name in ServiceName]: StackEndpoints[Name] | null };

export type StackPhase = 'checking' | 'building' | 'starting' | 'ready' | 'stopping' | 'stopped' | 'failed';

export interface StackProgress {
  readonly service: ServiceName | 'stack';
  readonly phase: StackPhase;
  readonly message: string;
  /** Since the call began. */
  readonly elapsedMs: number;
}

/** Addresses the environment gives: used, never started, never stopped. */
export interface GivenAddresses {
  readonly temporalAddress?: string;
  readonly temporalUi?: string;
  readonly namespace: string;
  readonly databaseUrl?: string;
  readonly kafkaBrokers?: string[];
}

export interface StackOptions {
  /** The folder of this stack's data, logs and state.json. */
  readonly stateDir: string;
  /** Built and downloaded servers, shared by all stacks of a user. Outside node_modules, which `npm ci` empties. */
  readonly cacheDir: string;
  readonly given: GivenAddresses;
  /** Default `auto`: containers where an engine with compose answers, else native processes. */
  readonly mode?: 'auto' | 'native' | 'compose';
  /** Database named in the url of a started server and created there. Default `omninode_bridge`. */
  readonly database?: string;
  /**
   * Keep Temporal's histories in a file, so that they survive the server's end. Costs a fifth of the workflows a second
   * (31 instead of 39 empty ones, beside other load). Default false. Takes effect at the server's start; containers
   * always do.
   */
  readonly durable?: boolean;
  readonly onProgress?: (event: StackProgress) => void;
  /** Runs programs; replaced in tests to stand for a machine without some tool. */
  readonly run?: RunCommand;
  /**
   * Used only as root, when the server's user cannot reach the state folder or node_modules: holds copies it can reach.
   * Default `/var/lib/bridge-store-effect`.
   */
  readonly rootDir?: string;
}

/** `unreachable`: it should answer (given, or its process is alive) and does not. */
type ServiceState = 'given' | 'running' | 'stopped' | 'unreachable';

export interface ServiceStatus {
  readonly state: ServiceState;
  /** Only of a native process. */
  readonly pid?: number;
  /** Why it is unreachable. */
  readonly reason?: string;
}

export interface StackStatus {
  readonly mode: 'native' | 'compose' | null;
  readonly endpoints: KnownEndpoints;
  readonly services: Readonly<Record<ServiceName, ServiceStatus>>;
}

/** The end of each service after `stackDown`; `kept`: its address was set, so it is not ours to stop. */
export type StackDownResult = Readonly<Record<ServiceName, 'stopped' | 'not running' | 'kept'>>;
