/** This module says which version comes next, and where it stands beside the files that are generated. */

/** Files written by hand that name the image with its version. `npm run docs` writes the version to all others. */
export const NAMING_IMAGE = [
  'docker-compose.yml',
  'docs/deploy.md',
  'deployments/overlays/staging/kustomization.yaml',
  'deployments/overlays/production/kustomization.yaml',
];

const IMAGE = /(?<=bridge-store-effect:|newTag: )\d+\.\d+\.\d+/g;

/** Returns the versions of the image that a text names. */
export const versionsIn = (text: string): string[] => text.match(IMAGE) ?? [];

export const withVersion = (text: string, version: string): string => text.replace(IMAGE, version);

const PARTS = ['major', 'minor', 'patch'];

/**
 * Returns the version that is asked for: `major`, `minor`, `patch`, or one that is higher than the current one.
 * @throws Error naming what was expected.
 */
export function nextVersion(current: string, asked: string | undefined): string {
  const now = current.split('.').map(Number);
  const part = PARTS.indexOf(asked ?? '');
  if (part >= 0) return now.map((number, index) => (index < part ? number : index === part ? number + 1 : 0)).join('.');
  const given = asked ?? 'nothing';
  if (!/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$/.test(given))
    throw new Error(`version: expected major, minor, patch or a version such as ${current}, got ${given}`);
  const next = given.split('.').map(Number);
  const at = next.findIndex((number, index) => number !== now[index]);
  if (at < 0 || (next[at] ?? 0) < (now[at] ?? 0))
    throw new Error(`version: expected one above ${current}, got ${given}`);
  return given;
}
