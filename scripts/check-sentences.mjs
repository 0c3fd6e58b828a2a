/**
 * This check holds comments and pages to the sentence rule of CONTRIBUTING.md. A sentence has 25 words at most, a
 * comment names its subject before it says "it", and a comment's line has 120 columns at most.
 */
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { checkFiles } from './check-files.mjs';

/** Comments of all code, and pages for people who have no code yet. */
const CODE = /^(src|workflows|activities|bench|scripts|test|examples)\/.*\.(ts|mjs)$/;
const PAGE = /^(README|CONTRIBUTING|clients\/python\/README|docs\/(?!adr\/\d)[^.]*)\.md$/;

const WORDS = 25;
const COLUMNS = 120;

/** A comment cannot begin with these: what they point to stands outside it, or nothing is their subject. */
const OPENER =
  /^(It|Its|They|Their|Them|Of|Either|Neither|Likewise|Both|One that|Those that|That|What|Whoever|Else|Without|With)\b/;

/** A comment's text, without its markers; tags of JSDoc and items of a list are paragraphs of their own. */
const proseOf = (comment) =>
  comment
    .replace(/^\/\*\*?|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*(\*|\/\/) ?/, '').trim())
    .join('\n')
    .trimEnd();

/** Paragraphs, each with the number of lines before it. */
function paragraphs(prose) {
  let lines = 0;
  return prose.split(/(\n\s*\n|\n(?=\s*(?:@|[-*|>#]|\d+\. )))/).map((text) => {
    const before = lines + /^\n*/.exec(text)[0].length;
    lines += text.split('\n').length - 1;
    return { before, text };
  });
}

/** A sentence ends at a full stop, a question mark or an exclamation mark. A name in backticks is one word. */
const sentences = (paragraph) =>
  paragraph
    .replace(/`[^`]*`/g, 'name')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\b(e\.g|i\.e|etc|vs)\./g, '$1')
    .split(/(?<=[.?!])(?:\*\*|["”)])?\s+/)
    .map((sentence) => sentence.replace(/\s+/g, ' ').trim());

const wordsIn = (sentence) => sentence.split(/\s+/).filter((word) => /[\p{L}\d]/u.test(word)).length;

const longIn = (prose) =>
  paragraphs(prose).flatMap(({ before, text }) =>
    sentences(text)
      .filter((sentence) => wordsIn(sentence) > WORDS)
      .map((sentence) => [before, `${wordsIn(sentence)} words, ${WORDS} at most: ${sentence.slice(0, 60)}`]),
  );

/** Consecutive `//` lines are one comment. */
function commentsOf(text, path) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = new Map();
  const visit = (node) => {
    for (const { pos, end } of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []) found.set(pos, end);
    node.getChildren(source).forEach(visit);
  };
  visit(source);
  const joined = [];
  for (const [pos, end] of [...found].sort(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    const between = last === undefined ? 'x' : text.slice(last.end, pos);
    if (between.trim() === '' && between.split('\n').length === 2 && text.startsWith('//', pos)) last.end = end;
    else joined.push({ pos, end });
  }
  return joined.map(({ pos, end }) => ({
    line: text.slice(0, pos).split('\n').length,
    text: text.slice(pos, end),
    whole: text.slice(text.lastIndexOf('\n', pos) + 1, end),
  }));
}

function faultsOfCode(path, text) {
  return commentsOf(text, path).flatMap(({ line, text: comment, whole }) => {
    const prose = proseOf(comment);
    if (/^(eslint|prettier|@ts-)/.test(prose.trimStart())) return [];
    const opener = OPENER.exec(prose.trimStart());
    const faults = opener === null ? [] : [[0, `begins with "${opener[0]}": name what it is about`]];
    if (whole.split('\n').some((row) => row.length > COLUMNS)) faults.push([0, `is wider than ${COLUMNS} columns`]);
    return [...faults, ...longIn(prose)].map(([before, fault]) => [line + before, fault]);
  });
}

/** Prose of a page: not its code, tables, headings. */
function faultsOfPage(text) {
  const lines = text.replace(/```[\s\S]*?```/g, (block) => block.replace(/[^\n]/g, '')).split('\n');
  const prose = lines.map((line) => (/^\s*(\||#|<)/.test(line) ? '' : line)).join('\n');
  return longIn(prose).map(([before, fault]) => [before + 1, fault]);
}

const readers = [
  [CODE, faultsOfCode],
  [PAGE, (_, text) => faultsOfPage(text)],
];

checkFiles('check-sentences', (path) => {
  const [, read] = readers.find(([pattern]) => pattern.test(path)) ?? [];
  const faults = read?.(path, readFileSync(path, 'utf8')) ?? [];
  return faults.map(([line, fault]) => `${path}:${line}: ${fault}`);
});
