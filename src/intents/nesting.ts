/** Cutting hostile nesting, so that what is left can be serialized and then be refused by name. Free of zod. */
import { DEFAULT_LIMITS } from './limits.js';

/** A copy of `value` in which nothing is nested more than a few levels deeper than an intent may be. */
export function cutNesting(value: unknown, levels = DEFAULT_LIMITS.depth + 8): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return null;
  if (Array.isArray(value)) return value.map((item) => cutNesting(item, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cutNesting(item, levels - 1)]));
}
