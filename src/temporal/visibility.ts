/**
 * Returns a text as a literal of a visibility query, which no quotation mark in it can end. Temporal finds nothing
 * under a name that has a double quotation mark or a backslash, however it is written.
 */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
