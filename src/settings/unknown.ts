/**
 * This module finds variables that begin like a setting, and that nobody reads. A setting whose name is misspelt would
 * be ignored in silence.
 */
import { closest } from 'fastest-levenshtein';

/** The beginnings of names by which somebody means this service. */
const OURS =
  /^(BATCH|BRIDGE|CODEC|DLQ|FSM|INTAKE|KAFKA|LEDGER|MIGRATION|OUTAGE|PAYLOAD|PG|RECOVERY|ROLLOUT|SWEEP|TEMPORAL)_|^HTTP_T|^PG[A-Z]/;

/** Variables that the driver of PostgreSQL reads by itself. */
const OF_DRIVER = new Set(['PGSSLNEGOTIATION', 'PGOPTIONS', 'PGPASSFILE', 'PGCLIENT_ENCODING']);

/** Variables that Kubernetes sets for each service beside a pod, as `KAFKA_SERVICE_HOST` and `KAFKA_PORT_9092_TCP`. */
const OF_KUBERNETES = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?$/;

export interface UnknownVariable {
  readonly name: string;
  /** The setting whose name is most like it. */
  readonly nearest: string;
}

/** @param known the names of all settings. One that ends with `*` stands for all names with its beginning. */
export const unknownVariables = (names: readonly string[], known: readonly string[]): UnknownVariable[] => {
  const beginnings = known.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  const isKnown = (name: string) => known.includes(name) || beginnings.some((beginning) => name.startsWith(beginning));
  return names
    .filter((name) => OURS.test(name) && !isKnown(name) && !OF_DRIVER.has(name) && !OF_KUBERNETES.test(name))
    .sort()
    .map((name) => ({ name, nearest: closest(name, known) }));
};
