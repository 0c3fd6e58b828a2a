/** This module judges the answer of `npm audit --json`. */

export interface Audit {
  /** Whether the registry has answered. */
  readonly answered: boolean;
  /** The packages with a known weakness, or the reason why there is no answer. */
  readonly lines: readonly string[];
}

interface Answer {
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
  readonly message?: string;
}

/** @param output may be no JSON, where npm itself has failed. */
export function judged(output: string): Audit {
  let answer: Answer;
  try {
    answer = JSON.parse(output) as Answer;
  } catch {
    answer = { message: output.trim().split('\n')[0] ?? '' };
  }
  const { vulnerabilities, message = 'npm says nothing' } = answer;
  if (vulnerabilities === undefined) return { answered: false, lines: [message] };
  const lines = Object.entries(vulnerabilities).map(([name, { severity, range }]) => `${name} ${range}: ${severity}`);
  return { answered: true, lines };
}
