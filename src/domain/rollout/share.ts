/** This module decides which correlation ids take the new path. It is pure. */
import { createHash } from 'node:crypto';

/** A bucket is a hundredth of a percent, the smallest difference between two shares. */
const BUCKETS = 10_000;

/**
 * Returns the bucket of a correlation id, from 0 to 9,999. It never changes, so a larger share includes the smaller
 * one.
 */
export const bucketOf = (correlationId: string): number =>
  createHash('sha256').update(correlationId).digest().readUInt32BE(0) % BUCKETS;

/** Returns the number of buckets in a share. Buckets below this number take the new path. */
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

/** Returns whether the value is a switch that is off, and not a share of nothing for now. */
export const isOff = (value: string): boolean => ['false', 'off'].includes(value.trim().toLowerCase());
