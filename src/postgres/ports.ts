/** This module creates the ports that PostgreSQL implements, over one pool. */
import type { DeadLetterStore } from '../domain/dead-letters/port.js';
import type { ParkedLists, VerdictStore } from '../domain/intake/ports.js';
import type { BridgeStateStore, FsmStateStore, FsmTransitionStore } from '../domain/intents/persist-state/store.js';
import type { Ledger, LedgerRetention } from '../domain/ledger/port.js';
import type { FsmRetention } from '../domain/recovery/retention.js';
import type { SweptExecutions } from '../domain/sweep/port.js';
import type { Pool } from './core/pool.js';
import { createDeadLetterStore } from './dead-letters/dead-letter-store.js';
import { createParkedLists } from './intake/parked-store.js';
import { createVerdictStore } from './intake/verdict-store.js';
import { createLedger } from './ledger/ledger.js';
import { createLedgerRetention } from './ledger/retention.js';
import { createFsmStateStore } from './recovery/fsm-state-store.js';
import { createFsmRetention } from './recovery/retention.js';
import { createBridgeStateStore } from './states/bridge-state-store.js';
import { createFsmTransitionStore } from './states/fsm-transition-store.js';
import { createSweptExecutions } from './sweep/swept-executions.js';

export interface PostgresPorts {
  readonly bridgeStates: BridgeStateStore;
  readonly fsmTransitions: FsmTransitionStore;
  readonly fsmStates: FsmStateStore;
  readonly ledger: Ledger;
  readonly deadLetters: DeadLetterStore;
  readonly retention: LedgerRetention;
  readonly fsmRetention: FsmRetention;
  readonly sweptExecutions: SweptExecutions;
  readonly verdicts: VerdictStore;
  readonly parkedLists: ParkedLists;
}

export interface PostgresPortOptions {
  /** Days that the ledger keeps an intent. */
  readonly retentionDays: number;
  /** Days that transitions and ended workflows are kept; 0: for ever. */
  readonly fsmRetentionDays: number;
}

/**
 * Opens every port of PostgreSQL. Their group commits do not linger, because batches form while a transaction is under
 * way. A publish goes through four of them in a row, and 10 ms in each made 41 ms of a target of 30.
 */
export const createPostgresPorts = (
  pool: Pool,
  { retentionDays, fsmRetentionDays }: PostgresPortOptions,
): PostgresPorts => ({
  bridgeStates: createBridgeStateStore(pool),
  fsmTransitions: createFsmTransitionStore(pool),
  fsmStates: createFsmStateStore(pool),
  ledger: createLedger(pool),
  deadLetters: createDeadLetterStore(pool),
  retention: createLedgerRetention(pool, retentionDays),
  fsmRetention: createFsmRetention(pool, fsmRetentionDays),
  sweptExecutions: createSweptExecutions(pool),
  verdicts: createVerdictStore(pool),
  parkedLists: createParkedLists(pool),
});
