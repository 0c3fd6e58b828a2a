/** Which correlation ids take the new path. Pure. */
import { createHash } from 'node:crypto';

/** A bucket is a hundredth of a percent, the smallest difference between two shares. */
const BUCKETS = 10_000;

/** The bucket of a correlation id, from 0 to 9,999. It never changes, so a larger share includes the smaller one. */
export const bucketOf = (correlationId: string): number =>
  createHash('sha256').update(correlationId).digest().readUInt32BE(0) % BUCKETS;

/** Buckets below this one take the new path. */
export const bucketsOf = (percent: number): number => (percent * BUCKETS) / 100;

/**
 * @param value `true`, `on`, `false`, `off`, or a whole percentage.
 * @returns percent; null for anything else.
 */
export function parseShare(value: string): number | null {
  const word = value.trim().toLowerCase();
  if (word === 'true' || word === 'on') return 100;
  if (isOff(word)) return 0;
  const percent = /^\d{1,3}$/.test(word) ? Number(word) : NaN;
  return percent <= 100 ? percent : null;
}

/** Whether it is a switch that is off, and not a share of nothing for now. */
export const isOff = (value: string): boolean => ['false', 'off'].includes(value.trim().toLowerCase());
