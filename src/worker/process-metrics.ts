/** This module has the metrics of a process: CPU, memory, event loop, and which build it is. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { packageVersion } from '../paths.js';

/** Makes the registry of a process, once: it measures the event loop for as long as the process runs. */
export async function processRegistry(): Promise<Registry> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'bridge_build_info',
    help: 'Always 1; the labels say which version runs, on which Node',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: await packageVersion(), node: process.version }, 1);
  return registry;
}
