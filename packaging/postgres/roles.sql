-- The roles of a chain's database, once, as its superuser:
--   psql -v database=tillproof -f packaging/postgres/roles.sql
-- tillproof_owner makes and brings forward the tables (tillproof store migrate), tillproof_service is what tillproofd and
-- the office log in as, or are members of, tillproof_report reads. All are made without a way to log in: give each a
-- password, or a login role of your own that is its member:
--   CREATE ROLE till_daemon LOGIN IN ROLE tillproof_service;
\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role)
FROM unnest(ARRAY['tillproof_owner', 'tillproof_service', 'tillproof_report']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec
SELECT format('CREATE DATABASE %I OWNER tillproof_owner TEMPLATE template0 ENCODING ''UTF8''', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO tillproof_owner, tillproof_service, tillproof_report;
GRANT CREATE ON DATABASE :"database" TO tillproof_owner;
ALTER ROLE tillproof_report SET default_transaction_read_only = on;
