/**
 * This module makes values of a caller fit to be serialized, so that what is wrong with them can be named later. It is
 * free of zod, because workflow code imports it.
 */
import { DEFAULT_LIMITS } from './limits.js';

/** Levels of nesting that a copy keeps: enough for the plan to find that the value is too deep. */
export const LEVELS = DEFAULT_LIMITS.depth + 8;

/**
 * Returns `value` itself where JSON can represent it, else a copy. Nesting in the copy ends after a few levels more
 * than an intent may have: a serializer runs out of stack some 5,000 levels down. An infinite number (`1e400` is parsed
 * as one, and would be printed as null) becomes the largest there is. The plan rejects that number by name.
 * @param above levels of `value` above the intents, so that intents are cut at the same level wherever they are.
 */
export const serializable = (value: unknown, above = 0): unknown =>
  isSerializable(value, LEVELS + above) ? value : copyOf(value, LEVELS + above);

/**
 * Returns whether JSON can represent a value. It walks with a stack of its own, which hostile nesting cannot overflow,
 * on whatever thread this runs.
 */
function isSerializable(root: unknown, levels: number): boolean {
  const stack: [value: unknown, level: number][] = [[root, 0]];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [value, level] = next;
    if (typeof value === 'number' && !Number.isFinite(value)) return false;
    if (typeof value !== 'object' || value === null) continue;
    if (level > levels) return false;
    for (const item of Object.values(value)) {
      if (typeof item === 'object' || typeof item === 'number') stack.push([item, level + 1]);
    }
  }
  return true;
}

function copyOf(value: unknown, levels: number): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return Math.sign(value) * Number.MAX_VALUE;
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return null;
  if (Array.isArray(value)) return value.map((item) => copyOf(item, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item, levels - 1)]));
}
