/**
 * This check refuses banned words in names, comments, texts and file names, and in the titles of tests. The table
 * "Banned words" of `docs/glossary.md` is the only list, so the page and the check cannot differ.
 */
import { readFileSync } from 'node:fs';
import { checkFiles } from './check-files.mjs';

const GLOSSARY = 'docs/glossary.md';
const CHECKED =
  /^(src|workflows|activities|bench|scripts|test|docs|examples|clients)\/.*\.(ts|mjs|cjs|md|json|py)$|^[A-Z]+\.md$/;
/** These files name the words to ban them, are older than the words, or are recorded. */
const LEFT_OUT = /^(docs\/glossary|docs\/adr\/\d|test\/data\/|test\/replay\/histories\/|test\/docs\/check-words)/;

const RELEASED = /^## \[\d/m;
/** The check reads a test's file name and titles only. */
const TITLE = /\b(it|describe)(\.only|\.skip)?\(|"(grep|fault)": /;

const namesIn = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name.replaceAll('\\|', '|'));

const table = readFileSync(GLOSSARY, 'utf8')
  .split('\n## Banned words\n')[1]
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((row) => {
    const [, banned, say, where, allowed] = row.split(/(?<!\\)\|/);
    const word = new RegExp(`(?<![a-z])(?:${namesIn(banned).join('|')})(?![a-z])`, 'g');
    return { word, say: say.trim(), folders: namesIn(where), allowed: namesIn(allowed) };
  });

/** Returns the banned words of a file's path and lines; `heldKeys` is read as `held keys`. */
function bannedIn(path) {
  const [text] = readFileSync(path, 'utf8').split(path === 'CHANGELOG.md' ? RELEASED : undefined);
  const rows = table.filter(
    ({ folders }) => folders.length === 0 || folders.some((folder) => path.startsWith(`${folder}/`)),
  );
  const lines = text.split('\n').map((line) => (path.startsWith('test/') && !TITLE.test(line) ? '' : line));
  return [path, ...lines].flatMap((line, number) =>
    rows.flatMap(({ word, say, allowed }) => {
      const own = allowed.reduce((rest, name) => rest.replaceAll(name, ''), line);
      const words = own
        .replace(/([a-z\d])([A-Z])/g, '$1 $2')
        .replaceAll('_', ' ')
        .toLowerCase();
      return Array.from(words.matchAll(word), ([found]) => `${path}:${number}: "${found}", say: ${say}`);
    }),
  );
}

checkFiles('check-words', (path) => (CHECKED.test(path) && !LEFT_OUT.test(path) ? bannedIn(path) : []));
