/**
 * Returns a text as a literal of a visibility query. A quotation mark in the name of a queue or in an id would end the
 * literal, and what follows would be read as a part of the query. Temporal finds nothing under a name that has a double
 * quotation mark or a backslash, however it is written.
 */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
