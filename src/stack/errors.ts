/** A stack error says why the stack cannot be brought up: its message has what is missing and what to do about it. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
