-- A planner that has no statistics, or old ones, takes the merchant for selective, of whom a database may have one, and then
-- any index for as good as the right one. Autovacuum looks every minute at most, which is late for tables that begin empty.
-- So whoever writes has them looked at when one has grown to four times what was known of it: a handful of times in a
-- table's life. Only its owner may analyze a table, so this runs as the owner.
CREATE OR REPLACE FUNCTION look_at_growth() RETURNS BIGINT LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  one record;
  looked BIGINT := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(1414558311) THEN
    RETURN 0;
  END IF;
  FOR one IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'tillproof'::regnamespace AND c.relkind = 'r'
    AND pg_relation_size(c.oid) / 8192 > 4 * greatest(c.relpages, 1) LOOP
    EXECUTE format('ANALYZE tillproof.%I', one.relname);
    looked := looked + 1;
  END LOOP;
  RETURN looked;
END
$$;
REVOKE ALL ON FUNCTION look_at_growth() FROM PUBLIC;
