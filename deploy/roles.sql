-- The roles and the database of an installation, by a superuser; run again it adds what is new and leaves the rest:
--     psql -v owner_password=… -v app_password=… -f deploy/roles.sql
-- owner   owns the database and migrates
-- app     as what the portal logs in; migrations take from it what would rewrite history
-- portal, app_supplier, app_platform, app_funder, app_supervisor
--         nobody logs in as these: `app` puts them on, to work as the portal or to ask for a party (docs/decisions/0014)
-- They are a server's, not a database's: a dump wants them to be there.
\set ON_ERROR_STOP on
SET client_min_messages = warning; -- that a role was granted already is no news
\if :{?owner_password}
\else
\set owner_password ''
\set app_password ''
\endif

SELECT format('CREATE ROLE %I %s', name, CASE name
    WHEN 'owner' THEN format('LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', :'owner_password')
    WHEN 'app' THEN format('LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', :'app_password')
    ELSE 'NOLOGIN' END)
FROM unnest('{owner, app, portal, app_supplier, app_platform, app_funder, app_supervisor}'::text[]) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
ALTER ROLE app NOINHERIT;
GRANT portal, app_supplier, app_platform, app_funder, app_supervisor TO app;

SELECT 'CREATE DATABASE portolan OWNER owner ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'portolan')
\gexec
\connect portolan
ALTER SCHEMA public OWNER TO owner;
GRANT USAGE ON SCHEMA public TO app, portal, app_supplier, app_platform, app_funder, app_supervisor;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app, portal;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO app, portal;
