/** A stack that cannot be brought up, with what is missing and what to do about it in the message. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
