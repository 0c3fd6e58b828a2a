/** Files that a file imports itself; paths from the root of the project. */
export function importsOf(file: string): string[];
/** Files that a file imports, directly or not, itself included; paths from the root of the project. */
export function reachedFrom(file: string, seen?: Set<string>): Set<string>;
/** Test files that need no servers. */
export function serverFree(): string[];
