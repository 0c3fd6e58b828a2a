/** These texts mean harm to whoever shows them: a terminal, a browser, a reader. */
export const HOSTILE_TEXTS: Readonly<Record<string, string>> = {
  'a cleared screen': 'k\u001b[2J\u001b[1;1H',
  'a title and a clipboard': '\u001b]0;owned\u0007\u001b]52;c;cm0gLXJm\u0007',
  'a link of a terminal': '\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\',
  'a colour': '\u001b[45msucceeded\u001b[0m',
  'a line that is written over': 'failed\rsucceeded',
  'another line': 'x\nbridge: all is well\r\n\ty\v\f\b',
  'a C1 control sequence': '\u009b2J\u009d0;t\u009c\u0085\u0090q\u007f',
  'turned text': 'invoice\u202egnp.exe\u202c \u2066a\u2069 \u200f\u200e\u061c',
  'line separators': 'a\u2028b\u2029c',
  'half of a pair': '\ud83d and \ude00',
  Markdown: '**bold** _it_ ~~no~~ `code` # | cell | &lt;&#x202e;',
  'a link of Markdown': '[x](javascript:alert(1)) ![y](https://evil.example/y.png) <https://evil.example>',
  HTML: '<script>alert(1)</script><img src=x onerror=alert(1)>',
};

/** A text that a terminal obeys nowhere has none of these; a line break is one, too. */
export const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** These words have characters of many code points. */
export const WORDS: Readonly<Record<string, string>> = {
  emoji: '👨‍👩‍👧‍👦👍🏽🏴󠁧󠁢󠁥󠁮󠁧󠁿❤️',
  flags: '🇩🇪🇫🇷🇯🇵',
  'letters with marks': 'Zu\u0308rich e\u0301\u0323 ล้ำ',
  syllables: 'नमस्ते हिन्दी',
  jamo: '\u1112\u1161\u11ab\u1100\u1173\u11af',
  pairs: '𝒳𝒴😀',
  'line breaks': 'a\r\nb\n\rc',
};
