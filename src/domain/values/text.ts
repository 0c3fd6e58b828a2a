/**
 * This module handles text from outside. It cuts text between characters, and shows text so that no terminal and no
 * Markdown obeys it. It is free of Node's own modules, because workflow code imports it.
 */

/**
 * A character as a reader sees it is a grapheme: an emoji or a letter with its marks may be many code points. Graphemes
 * are what a segmenter finds by default.
 */
const graphemes = new Intl.Segmenter('en');

/**
 * The most code units that a cut gives up for a whole character. Emoji have up to 15; a letter under thousands of marks
 * is cut between these.
 */
const LONGEST = 64;

/** Returns the first `length` code units at most, and no part of a character. */
export function startOf(text: string, length: number): string {
  // A border depends on everything before it, and on one code point behind it.
  const { index = length } = graphemes.segment(text.slice(0, length + 2)).containing(length) ?? {};
  return length - index > LONGEST ? text.slice(0, length).replace(/[\ud800-\udbff]$/, '') : text.slice(0, index);
}

/** Returns the last `length` code units at most, and no part of a character. @param text of at least that length. */
export function endOf(text: string, length: number): string {
  const at = text.length - length;
  const character = graphemes.segment(text).containing(at);
  if (character === undefined) return '';
  const border = character.index === at ? at : character.index + character.segment.length;
  return border - at > LONGEST ? text.slice(at).replace(/^[\udc00-\udfff]/, '') : text.slice(border);
}

/** Returns the characters of a text, as a reader sees them. */
export const charactersOf = (text: string): string[] => [...graphemes.segment(text)].map(({ segment }) => segment);

/**
 * These characters change what stands around them: C0, DEL and C1, line separators, bidirectional controls. Half of a
 * surrogate pair is no text at all.
 */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;
const NAMES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Shows control characters as JSON writes them: `\u001b`, `\r`. JSON itself keeps its value. */
export const visible = (text: string): string =>
  text.replace(UNSEEN, (one) => NAMES[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Returns text for a line of Markdown, which shows it as `visible` does. An underscore within a word means nothing. */
export const inMarkdown = (text: string): string =>
  visible(text).replace(/[\\`*[\]<>|~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\$&');
