/**
 * This module reads times in the forms that people send, and writes each as RFC 3339. A time stays a text, because Date
 * loses microseconds.
 */

/** The words of a message about a text that is no time. They name every form that `readTime` takes. */
export const TIME_FORMS =
  'a time such as 2026-01-31T12:00:00.123456Z (also t, z or a space for T, no seconds, +02:00, +0200, +02, ' +
  '20260131T120000Z; without an offset it is UTC; years 0001 to 9999)';

/**
 * The forms: RFC 3339, and what Python, Java, Go and PostgreSQL print. Java may end with the zone in brackets, Go with
 * its abbreviation; the offset before it decides. Offsets end where PostgreSQL's do.
 */
const FORM = new RegExp(
  String.raw`^(\d{4})(-?)(\d\d)\2(\d\d)[Tt ]([01]\d|2[0-3])(:?)([0-5]\d)(?:\6([0-5]\d)(?:[.,](\d+))?)?` +
    String.raw`(?: ?(?:[Zz]|([+-](?:0\d|1[0-5]))(?::?([0-5]\d))?(?: [A-Z]{3,5})?)(?:\[[\w/+-]+\])?)?$`,
);

/**
 * Reads a time and writes it as RFC 3339 with the offset it came with, UTC if it came without. Digits beyond
 * microseconds are cut: rounded, a time could end in the next year.
 * @returns null for a text of no such form, and for a day that no calendar has.
 */
export function readTime(text: string): string | null {
  const [, year = '', , month = '', day = '', hour, , minute, second = '00', digits, offset, minutes = '00'] =
    FORM.exec(text) ?? [];
  if (year === '0000' || !isDay(Number(year), Number(month), Number(day))) return null;
  const fraction = digits === undefined ? '' : `.${digits.slice(0, 6)}`;
  const zone = offset === undefined ? 'Z' : `${offset}:${minutes}`;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${zone}`;
}

/**
 * Returns whether the month has the day. The calendar repeats after 400 years, and Date takes years below 100 for 1900
 * and later.
 */
const isDay = (year: number, month: number, day: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

/**
 * Returns the milliseconds since 1970 of a time as the stores write it, to compare and to subtract. Times before the
 * year 1 or after 9999, which begin with a sign, and `infinity` are infinite.
 */
export function millisecondsOf(time: string): number {
  if (time.startsWith('-')) return -Infinity;
  return /^[+i]/.test(time) ? Infinity : Date.parse(time);
}
