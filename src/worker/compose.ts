/** The only place that sees all adapters: opens them, wires them to the ports, and closes them. */
import type { Logger } from 'pino';
import type { Ports } from '../../activities/effect.js';
import type { Config } from '../config.js';
import { createKafka } from '../kafka/client.js';
import { createPublisher } from '../kafka/publisher.js';
import { createBridgeStateStore } from '../postgres/bridge-state-store.js';
import { createFsmStateStore } from '../postgres/fsm-state-store.js';
import { createFsmTransitionStore } from '../postgres/fsm-transition-store.js';
import { createLedger } from '../postgres/ledger.js';
import { createPool } from '../postgres/pool.js';
import type { Check } from './http.js';
import type { Metrics } from './metrics.js';

/** Where the three servers are. */
export interface Endpoints {
  /** host:port. */
  readonly temporalAddress: string;
  readonly databaseUrl: string;
  readonly kafkaBrokers: readonly string[];
}

export interface Adapters {
  readonly ports: Ports;
  /** Whether each store can be reached now. */
  checks(): Promise<Readonly<Record<string, Check>>>;
  close(): Promise<void>;
}
