/** This module reads the fenced code blocks of a page, in order. Each has what the page says about running it. */
import { readFileSync } from 'node:fs';

export interface Block {
  /** The page and the line of the block's fence, as `README.md:40`. */
  readonly at: string;
  /** Language of the block: `sh`, `ts`, `json`, `python`, or `text` for output. */
  readonly language: string;
  readonly code: string;
  /** The file that the block is saved as, by the paragraph before it; null for none. */
  readonly file: string | null;
  readonly directive: Directive;
}

/** A directive is what an HTML comment before a block says. */
type Directive =
  | { readonly kind: 'none' }
  | { readonly kind: 'not run'; readonly reason: string }
  /**
   * The block is started in the second terminal, instead of what runs there. It is ready when it has printed `until`.
   */
  | { readonly kind: 'second terminal'; readonly until: string }
  | { readonly kind: 'exits with'; readonly code: number };

const FENCE = /^```(\S*)\s*$/;
const COMMENT = /^<!-- (.*) -->$/;
const SAVE = /\b[Ss]ave (?:this|this list) as\s+`([^`]+)`/;

/** @throws Error naming the line of a block that cannot be run as it stands and does not say why. */
export function blocksOf(page: string): Block[] {
  const name = page.replace(/^.*\/(?=README|docs)/, '');
  const lines = readFileSync(page, 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let start = 0; start < lines.length; start += 1) {
    const language = FENCE.exec(lines[start]!)?.[1];
    if (language === undefined) continue;
    const end = lines.findIndex((line, index) => index > start && FENCE.test(line));
    const at = `${name}:${start + 1}`;
    const { paragraph, comment } = before(lines, start);
    const file = RUNS_A_FILE.has(language) ? (SAVE.exec(paragraph)?.[1] ?? null) : null;
    const directive = directiveOf(comment, at);
    if (!LANGUAGES.has(language))
      throw new Error(`${at}: expected one of ${[...LANGUAGES].join(', ')}, got ${language}`);
    if (RUNS_A_FILE.has(language) && file === null && directive.kind !== 'not run') {
      throw new Error(`${at}: expected "Save this as \`file\`" in the paragraph before it`);
    }
    blocks.push({ at, language, code: `${lines.slice(start + 1, end).join('\n')}\n`, file, directive });
    start = end;
  }
  return blocks;
}

/** Languages whose blocks are the content of a file. */
const RUNS_A_FILE = new Set(['ts', 'json', 'python']);
const LANGUAGES = new Set(['sh', 'text', ...RUNS_A_FILE]);

/** Returns what stands before a fence: an HTML comment, if there is one, and the paragraph before that. */
function before(lines: readonly string[], fence: number): { paragraph: string; comment: string | null } {
  const above = lines.slice(0, fence);
  const skipBlank = (): void => {
    while (above.at(-1)?.trim() === '') above.pop();
  };
  skipBlank();
  const comment = COMMENT.exec(above.at(-1) ?? '')?.[1] ?? null;
  if (comment !== null) {
    above.pop();
    skipBlank();
  }
  const blank = above.lastIndexOf('');
  return { paragraph: above.slice(blank + 1).join(' '), comment };
}

function directiveOf(comment: string | null, at: string): Directive {
  if (comment === null) return { kind: 'none' };
  const reason = /^not run: (.+)$/.exec(comment)?.[1];
  if (reason !== undefined) return { kind: 'not run', reason };
  const until = /^second terminal, until "(.+)"$/.exec(comment)?.[1];
  if (until !== undefined) return { kind: 'second terminal', until };
  const code = /^exits with (\d+)$/.exec(comment)?.[1];
  if (code !== undefined) return { kind: 'exits with', code: Number(code) };
  throw new Error(
    `${at}: expected "not run: …", "second terminal, until …" or "exits with …" before it, got "${comment}"`,
  );
}
