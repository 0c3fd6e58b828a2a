/**
 * SQL of the rows and bytes of tables in `pg_class`, added up. The statistics collector counts the rows. It forgets
 * them in a crash; then the planner's estimate is the best there is.
 */
export const TABLE_SIZE = `sum(COALESCE(NULLIF(pg_stat_get_live_tuples(oid), 0), GREATEST(reltuples, 0)::bigint))::bigint AS rows,
  sum(pg_total_relation_size(oid))::bigint AS bytes`;
