"""What the roles of the database may do, brought to what the code says after every migration."""

from django.db.backends.base.base import BaseDatabaseWrapper

from portal.shared import wall

ROLES = (wall.APP, wall.PORTAL, *wall.OF_KIND.values())
WITHOUT_ROLES = (
    "The database has no role {missing}. Whoever may create roles adds it once: docs/running.md, 'Your own servers', "
    "has the lines. Nothing was migrated."
)
# A table from before there was the role of the portal: it takes over what `app` was left by the migrations.
TAKEN_OVER = """
SELECT format('GRANT %s ON %I TO portal', rights.privilege_type, held.relname)
FROM pg_class held, aclexplode(held.relacl) rights
WHERE held.relnamespace = 'public'::regnamespace AND held.relkind IN ('r', 'p', 'S')
  AND rights.grantee = 'app'::regrole AND NOT EXISTS (
    SELECT FROM aclexplode(held.relacl) has
    WHERE has.grantee = 'portal'::regrole AND has.privilege_type = 'SELECT'
  )
UNION ALL
SELECT format('GRANT %s (%I) ON %I TO portal', rights.privilege_type, field.attname, held.relname)
FROM pg_class held JOIN pg_attribute field ON field.attrelid = held.oid, aclexplode(field.attacl) rights
WHERE held.relnamespace = 'public'::regnamespace AND rights.grantee = 'app'::regrole AND NOT EXISTS (
    SELECT FROM aclexplode(field.attacl) has
    WHERE has.grantee = 'portal'::regrole AND has.privilege_type = rights.privilege_type
  )
"""
ON_THE_SCHEMA = """
SELECT format('GRANT USAGE ON SCHEMA public TO %%I', name) FROM unnest(%s::text[]) AS name
WHERE NOT has_schema_privilege(name, 'public', 'USAGE')
"""


def missing_roles(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        known = {name for (name,) in cursor.fetchall()}
    return [role for role in ROLES if role not in known]


def put_up(connection: BaseDatabaseWrapper) -> None:
    """As owner of the tables. Changes nothing where all is as it should be."""
    with connection.cursor() as cursor:
        cursor.execute(ON_THE_SCHEMA, [list(ROLES)])
        statements = cursor.fetchall()
        cursor.execute(TAKEN_OVER)
        for (statement,) in [*statements, *cursor.fetchall()]:
            cursor.execute(statement)
