/**
 * This script leaves in `node_modules` what one platform runs. Temporal's native module comes for five platforms with
 * its Rust source, which is 110 MB of an image.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const [, , modules = 'node_modules'] = process.argv;
const bridge = join(modules, '@temporalio', 'core-bridge');

const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };
const SYSTEMS = { linux: 'unknown-linux-gnu', darwin: 'apple-darwin', win32: 'pc-windows-msvc' };
const own = `${ARCHITECTURES[process.arch]}-${SYSTEMS[process.platform]}`;

const releases = readdirSync(join(bridge, 'releases'));
if (!releases.includes(own)) throw new Error(`expected a native module for ${own}, got ${releases.join(', ')}`);
for (const release of releases) if (release !== own) rmSync(join(bridge, 'releases', release), { recursive: true });
for (const source of ['sdk-core', 'src', 'bridge-macros', 'ts'])
  rmSync(join(bridge, source), { recursive: true, force: true });

/** Removes what only a compiler or a debugger reads. */
for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
  if (entry.isFile() && /\.d\.[cm]?ts$|\.map$/.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
}
