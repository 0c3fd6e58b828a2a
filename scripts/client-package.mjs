/**
 * `npm run pack:client` packs the client alone, for callers that run no worker. The package has the files of the build
 * that the client's entry point imports, and depends on what those import. Further arguments go to `npm pack`.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const FOLDER = '.cache/client-package';
const ENTRY = 'dist/src/client/index';
/** Temporal's client loads this module by its path. */
const BY_PATH = ['dist/src/payloads/failure-converter'];

/** Returns the files that begin with an entry and end with an extension, and the packages that they import. */
function closureOf(entries, extension) {
  const files = new Set();
  const packages = new Set();
  const add = (file) => {
    if (files.has(file)) return;
    files.add(file);
    for (const { fileName: name } of ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
      if (name.startsWith('.')) add(relative('.', resolve(dirname(file), name)).replace(/\.js$/, extension));
      else if (!isBuiltin(name)) packages.add(name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    }
  };
  for (const entry of entries) add(`${entry}${extension}`);
  return { files, packages };
}

const root = JSON.parse(readFileSync('package.json', 'utf8'));
if (!existsSync(`${ENTRY}.js`)) throw new Error(`expected a build in dist/: run "npm run build"`);
const code = closureOf([ENTRY, ...BY_PATH], '.js');
const types = closureOf([ENTRY, ...BY_PATH], '.d.ts');
const names = [...new Set([...code.packages, ...types.packages])].sort();
const unknown = names.filter((name) => root.dependencies[name] === undefined);
if (unknown.length > 0) throw new Error(`expected in the dependencies of package.json: ${unknown.join(', ')}`);

rmSync(FOLDER, { recursive: true, force: true });
for (const file of [...code.files, ...types.files]) {
  mkdirSync(dirname(join(FOLDER, file)), { recursive: true });
  // Maps of the source stay out, and so do the comments that name them.
  writeFileSync(join(FOLDER, file), readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, ''));
}
copyFileSync('LICENSE', join(FOLDER, 'LICENSE'));
copyFileSync('scripts/client-readme.md', join(FOLDER, 'README.md'));
const { version, license, type, engines } = root;
const manifest = {
  ...{ name: `${root.name}-client`, version, license, type, engines },
  description: 'The client of bridge-store-effect: starts, emits and awaits lists of intents',
  exports: { '.': { types: `./${ENTRY}.d.ts`, default: `./${ENTRY}.js` } },
  files: ['dist'],
  sideEffects: false,
  dependencies: Object.fromEntries(names.map((name) => [name, root.dependencies[name]])),
};
writeFileSync(join(FOLDER, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

// npm would take the folder above for the one to pack, were these set.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)/.test(name)),
);
const { status } = spawnSync('npm', ['pack', '--silent', ...process.argv.slice(2)], {
  cwd: FOLDER,
  stdio: 'inherit',
  env,
});
process.exitCode = status ?? 1;
