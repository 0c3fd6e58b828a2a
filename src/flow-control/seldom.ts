/** This module keeps what happens again and again from filling the log. */

/** Milliseconds between two lines of the same kind. */
const QUIET_MS = 60_000;
/** Kinds that are remembered before those of more than a minute ago are forgotten. */
const MANY = 1_000;

/**
 * Makes a function that says whether a kind of line is due: one a minute is.
 * @returns fields for a line that is due, with the number of lines left out before it; undefined when none is due.
 */
export function seldom(now = Date.now): (kind: string) => Readonly<Record<string, number>> | undefined {
  const said = new Map<string, { readonly at: number; unsaid: number }>();
  return (kind) => {
    const last = said.get(kind);
    if (last !== undefined && now() - last.at < QUIET_MS) {
      last.unsaid += 1;
      return undefined;
    }
    if (said.size >= MANY) for (const [old, { at }] of said) if (now() - at >= QUIET_MS) said.delete(old);
    said.set(kind, { at: now(), unsaid: 0 });
    return last === undefined ? {} : { not_logged_before: last.unsaid };
  };
}
