/** This module says how much of a setting a message may show. A setting may be a secret where another belongs. */

/** Returns a value as a message may show it. Where it may hold a secret, `***` stands for that, or for all of it. */
export function shownValue(value: string): string {
  const shown = value.replace(/(:\/\/[^:@/]*):.*@/s, '$1:***@');
  const rest = shown.replace(/:\/\/[^:@/]*(:\*\*\*)?@/, '://');
  return /@|passw|pwd|secret|token|-----BEGIN/i.test(rest) ? '***' : shown;
}

/** Returns a path as a message may show it. A text that does not look like one may be what the file should hold. */
export const shownPath = (path: string): string =>
  /^(~|\.{0,2})\/[^\s+=]*$/.test(path) && !path.includes('://') ? path : 'the file that it names';
