/**
 * This module reads bytes as text: of files, of standard input and of messages. Bytes that are not UTF-8 are refused,
 * because replaced characters would be executed as if they had been sent.
 */
export type ReadText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

/** This decoder drops a byte order mark at the start, and throws for bytes that are not UTF-8. */
const strict = new TextDecoder('utf-8', { fatal: true });
/** This decoder has U+FFFD for bytes that are not UTF-8, and keeps a byte order mark. */
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });

const REPLACED = '\ufffd';
const REPLACED_BYTES = [0xef, 0xbf, 0xbd] as const;

export function readUtf8(bytes: Uint8Array): ReadText {
  const problem = utf16Problem(bytes);
  if (problem !== null) return { ok: false, problem };
  try {
    return { ok: true, text: strict.decode(bytes) };
  } catch {
    return { ok: false, problem: badByteProblem(bytes) };
  }
}

/**
 * Returns the problem with text in UTF-16, null with any other. Such text is known by its byte order mark, and without
 * one by the NUL beside its first character: JSON begins with ASCII.
 */
export function utf16Problem([first, second]: Uint8Array): string | null {
  const little = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
  const big = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0 && second !== undefined);
  if (!little && !big) return null;
  const order = little ? 'little' : 'big';
  return `expected UTF-8, got UTF-16 (${order}-endian); convert it: iconv -f UTF-16${little ? 'LE' : 'BE'} -t UTF-8`;
}

/** Returns the problem with bytes, naming the first that is not UTF-8. */
function badByteProblem(bytes: Uint8Array): string {
  const text = lossy.decode(bytes);
  let offset = 0;
  for (let from = 0; ;) {
    const at = text.indexOf(REPLACED, from);
    offset += Buffer.byteLength(text.slice(from, at));
    // A U+FFFD that was sent is a character like any other.
    if (!REPLACED_BYTES.every((byte, index) => bytes[offset + index] === byte)) break;
    offset += REPLACED_BYTES.length;
    from = at + 1;
  }
  const found = (bytes[offset] ?? 0).toString(16).toUpperCase();
  return `expected UTF-8, got 0x${found} at byte ${offset + 1} (Latin-1?); convert it: iconv -f LATIN1 -t UTF-8`;
}
