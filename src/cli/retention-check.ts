/** This module checks for `bridge doctor` whether what is pruned outlives everything that may bring an intent back. */

/** A warning is something to know that is no failure. */
export interface Warning {
  readonly warning: true;
  readonly detail: string;
}

interface Retentions {
  readonly namespace: string;
  /** Seconds Temporal keeps an execution after its end. */
  readonly executions: number;
  /** Seconds that each topic keeps its messages; Infinity means for ever. */
  readonly topics: ReadonlyMap<string, number>;
}

const DAY = 86_400;

/** A setting with the days that something is kept; 0: for ever. */
export type RetentionSetting = 'LEDGER_RETENTION_DAYS' | 'FSM_RETENTION_DAYS';

/**
 * @param days of the setting, over 0.
 * @returns null when that is the longest retention, else what outlives it and what to do.
 */
export function judgeRetention(
  setting: RetentionSetting,
  days: number,
  { namespace, executions, topics }: Retentions,
): string | Warning | null {
  const longer = [
    { what: `Temporal keeps the executions of namespace ${namespace}`, seconds: executions },
    ...[...topics].map(([topic, seconds]) => ({ what: `${topic} keeps its messages`, seconds })),
  ]
    .filter(({ seconds }) => seconds >= days * DAY)
    .sort((a, b) => b.seconds - a.seconds);
  const [first] = longer.filter(({ seconds }) => seconds !== Infinity);
  if (first !== undefined) {
    const needed = Math.floor(first.seconds / DAY) + 1;
    return (
      `${daysOf(days * DAY)}, but ${first.what} for ${daysOf(first.seconds)}${others(longer)}; ` +
      `set ${setting} to ${needed} or more`
    );
  }
  const [forEver] = longer;
  if (forEver === undefined) return null;
  const detail = `${daysOf(days * DAY)}, but ${forEver.what} for ever${others(longer)}; ${setting}=0 does so too`;
  return { warning: true, detail };
}

const others = ({ length }: readonly unknown[]): string => (length > 1 ? ` (and ${length - 1} more)` : '');

/** Writes seconds as `1 day`, `7 days` or `1.5 days`. */
function daysOf(seconds: number): string {
  const days = Math.round((seconds / DAY) * 100) / 100;
  return `${days} ${days === 1 ? 'day' : 'days'}`;
}
