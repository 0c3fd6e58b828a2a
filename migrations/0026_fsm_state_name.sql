-- A state in upper case as code writes it, by the full mapping of Unicode and whatever the locale of the database: 'straße' is 'STRASSE',
-- and 'terminé' is 'TERMINÉ' in the C locale, too. A recovery compares states by it, for legacy writers keep them as they came.
DO $$
DECLARE
  unicode TEXT;
BEGIN
  -- PostgreSQL 18 has the first, and a build with ICU the second. Without either the locale of the database decides.
  SELECT quote_ident(collname) INTO unicode FROM pg_collation
  WHERE collnamespace = 'pg_catalog'::regnamespace AND collname IN ('pg_unicode_fast', 'und-x-icu')
    AND collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))
  ORDER BY collname LIMIT 1;
  EXECUTE format('CREATE FUNCTION fsm_state_name(state TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L',
    format('SELECT upper(state COLLATE %s)', COALESCE(unicode, '"default"')));
END $$;

-- A worker of the version before filters without an index until it is replaced.
DROP INDEX idx_fsm_states_current_state;
CREATE INDEX idx_fsm_states_current_state ON fsm_states (fsm_state_name(current_state));
