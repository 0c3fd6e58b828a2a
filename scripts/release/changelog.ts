/** This module moves what is unreleased in `CHANGELOG.md` (Keep a Changelog) to a version. */

/** The text between the head of the unreleased changes and the head of the last version. */
const UNRELEASED = /(?<=^## \[Unreleased\]\n).*?(?=^## \[|(?![\s\S]))/ms;

/**
 * Returns the changelog with the unreleased changes under a version, and the changes alone.
 * @param date as `2026-11-28`.
 * @throws Error where nothing is unreleased.
 */
export function released(
  changelog: string,
  version: string,
  date: string,
): { readonly text: string; readonly notes: string } {
  const notes = UNRELEASED.exec(changelog)?.[0].trim() ?? '';
  if (notes === '') throw new Error('CHANGELOG.md: expected changes under "## [Unreleased]", got nothing');
  return { text: changelog.replace(UNRELEASED, () => `\n## [${version}] - ${date}\n\n${notes}\n\n`), notes };
}
