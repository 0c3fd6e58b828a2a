/**
 * This module watches how a worker treats a store that is unavailable. It reads the worker's own figures from /metrics,
 * again and again.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** A sample has the counters of one moment. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** State of the store's breaker: 0 closed, 1 half-open, 2 open. */
  readonly breaker: number;
  /** Number of probes that the breaker let through. */
  readonly probes: number;
  /** Number of calls that the breaker refused. */
  readonly refused: number;
  /** Connections asked for, of PostgreSQL only: every statement or transaction asks for one. */
  readonly checkouts: number;
}

export interface LoadWatch {
  readonly samples: readonly Sample[];
  stop(): Promise<void>;
}

/** Milliseconds between samples, few enough to tell a probe from what follows it. */
const EVERY_MS = 100;

/** @param port the worker's port number. */
export function watchLoad(port: number, store: 'postgres' | 'kafka'): LoadWatch {
  const samples: Sample[] = [];
  const stopping = new AbortController();
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      samples.push(await sampleOf(port, store));
      await sleep(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    samples,
    async stop() {
      stopping.abort();
      await watching;
    },
  };
}

async function sampleOf(port: number, store: string): Promise<Sample> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const lines = (await response.text()).split('\n');
  const value = (name: string): number => {
    const line = lines.find((candidate) => candidate.startsWith(`${name} `));
    if (line !== undefined) return Number(line.slice(name.length));
    // A counter has no line for labels it has not counted yet; its name is there.
    const [family = ''] = name.split('{');
    if (family !== name && lines.some((candidate) => candidate.startsWith(`# HELP ${family} `))) return 0;
    throw new Error(`/metrics has no ${name}`);
  };
  return {
    at: Date.now(),
    breaker: value(`circuit_breaker_state{store="${store}"}`),
    probes: value(`circuit_breaker_state_changes_total{store="${store}",state="half-open"}`),
    refused: value(`circuit_breaker_refusals_total{store="${store}"}`),
    checkouts: value('pg_checkout_seconds_count'),
  };
}

/** Returns the most checkouts within a second, from `since` on. */
export function busiestSecond(samples: readonly Sample[], since: number): number {
  const later = samples.filter(({ at }) => at >= since);
  return Math.max(
    0,
    ...later.map((sample, index) => {
      const end = later.slice(index).findLast(({ at }) => at <= sample.at + 1_000) ?? sample;
      return end.checkouts - sample.checkouts;
    }),
  );
}
