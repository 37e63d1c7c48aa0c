-- What the two roles may do, where they exist (packaging/postgres/roles.sql). Run after each step forward. A service keeps
-- what was accepted and what was signed as it is: it adds to those tables, and neither changes nor removes.
DO $$
DECLARE
  one name;
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tillproof_service') THEN
    GRANT USAGE ON SCHEMA tillproof TO tillproof_service;
    GRANT EXECUTE ON FUNCTION look_at_growth() TO tillproof_service;
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'tillproof' LOOP
      EXECUTE format('REVOKE ALL ON %I FROM tillproof_service', one);
      IF one = 'schema_version' THEN
        EXECUTE format('GRANT SELECT ON %I TO tillproof_service', one);
      ELSIF one IN ('statement', 'leaf', 'node', 'checkpoint') THEN
        EXECUTE format('GRANT SELECT, INSERT ON %I TO tillproof_service', one);
        IF one = 'checkpoint' THEN -- witnesses' lines are added to its note
          GRANT UPDATE (note, witnesses) ON checkpoint TO tillproof_service;
        END IF;
      ELSE
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tillproof_service', one);
      END IF;
    END LOOP;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tillproof_report') THEN
    GRANT USAGE ON SCHEMA tillproof TO tillproof_report;
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'tillproof' LOOP
      EXECUTE format('REVOKE ALL ON %I FROM tillproof_report', one);
      EXECUTE format('GRANT SELECT ON %I TO tillproof_report', one);
    END LOOP;
  END IF;
END
$$;
