/** This module makes gauges of what is read when the metrics are read. */
import { Gauge, type Registry } from 'prom-client';

export interface ReadGauge<T> {
  readonly name: string;
  readonly help: string;
  readonly valueOf: (reading: T) => number;
}

/** Milliseconds for which a reading holds: scrapes of many workers must not become a load on the database. */
const READING_MS = 30_000;

/** Makes gauges of one reading. They are absent while it cannot be read: an old value would look like a new one. */
export function watch<T>(gauges: readonly ReadGauge<T>[], read: () => Promise<T>, registers: Registry[]): void {
  let reading: { readonly at: number; readonly value: Promise<T | null> } | undefined;
  const known = (): Promise<T | null> => {
    if (reading === undefined || Date.now() - reading.at >= READING_MS) {
      reading = { at: Date.now(), value: read().catch(() => null) };
    }
    return reading.value;
  };
  for (const { name, help, valueOf } of gauges) {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const value = await known();
        if (value === null) this.remove();
        else this.set(valueOf(value));
      },
    });
  }
}
