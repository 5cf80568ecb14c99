"""What the roles of the database may do and are shown, brought to what the code says after every migration.

Every table has row-level security. The portal is shown all; who asks for a party, what the `wall.py` of the feature
says, and nothing of a table that none speaks of. Only the portal writes.
"""

import hashlib
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from portal.shared import wall

ROLES = (wall.APP, wall.PORTAL, *wall.OF_KIND.values())
READERS = ", ".join(role for role in ROLES if role != wall.PORTAL)
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
TABLES = """
SELECT held.relname, held.relrowsecurity, obj_description(policy.oid, 'pg_policy')
FROM pg_class held LEFT JOIN pg_policy policy ON policy.polrelid = held.oid AND policy.polname = 'wall_portal'
WHERE held.relnamespace = 'public'::regnamespace AND held.relkind IN ('r', 'p') ORDER BY held.relname
"""
# For who asks as `app`, by the party alone. As the owner, so that no policy is asked on the way.
KIND = f"""
CREATE OR REPLACE FUNCTION wall_kind() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT CASE kind {" ".join(f"WHEN '{kind}' THEN '{known}'" for kind, known in wall.KINDS.items())}
    WHEN 'OPERATOR' THEN 'operator' END FROM parties_party WHERE id = {wall.ME}
$$
"""


def missing_roles(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        known = {name for (name,) in cursor.fetchall()}
    return [role for role in ROLES if role not in known]


def shown() -> dict[str, wall.Shown]:
    """By table, what the features say."""
    found = {}
    for app in apps.get_app_configs():
        if find_spec(f"{app.name}.wall"):
            found |= import_module(f"{app.name}.wall").SHOWN
    return found


def put_up(connection: BaseDatabaseWrapper) -> None:
    """As owner of the tables. Changes nothing where all is as it should be."""
    with connection.cursor() as cursor:
        cursor.execute(ON_THE_SCHEMA, [list(ROLES)])
        statements = cursor.fetchall()
        cursor.execute(TAKEN_OVER)
        for (statement,) in [*statements, *cursor.fetchall()]:
            cursor.execute(statement)
        cursor.execute(KIND)
        cursor.execute(TABLES)
        known, said = cursor.fetchall(), shown()
        for table, has_wall, mark in known:
            wanted = policies(said.get(table, wall.NO_PARTY))
            current = f"wall {hashlib.sha256(repr(wanted).encode()).hexdigest()[:16]}"
            if not has_wall or mark != current:
                _change(connection, table, wanted, current)


def policies(shown: wall.Shown) -> dict[str, str]:
    """The condition for each role but the portal's."""
    kinds = {kind: getattr(shown, kind) for kind in (*wall.OF_KIND, "operator")}
    whoever = " ".join(f"WHEN '{kind}' THEN ({condition})" for kind, condition in kinds.items())
    return {
        wall.APP: f"CASE (SELECT wall_kind()) {whoever} ELSE false END",
        **{role: kinds[kind] for kind, role in wall.OF_KIND.items()},
    }


def _change(connection: BaseDatabaseWrapper, table: str, wanted: dict[str, str], mark: str) -> None:
    """One table at a time: whoever works on it waits for a moment."""
    name = connection.ops.quote_name(table)
    statements = [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"GRANT SELECT ON {name} TO {READERS}",
        f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {name} FROM {READERS}",
        *(f"DROP POLICY IF EXISTS wall_{role} ON {name}" for role in ROLES),
        f"CREATE POLICY wall_{wall.PORTAL} ON {name} TO {wall.PORTAL} USING (true) WITH CHECK (true)",
        *(
            f"CREATE POLICY wall_{role} ON {name} FOR SELECT TO {role} USING ({condition})"
            for role, condition in wanted.items()
        ),
        f"COMMENT ON POLICY wall_{wall.PORTAL} ON {name} IS '{mark}'",
    ]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SET LOCAL client_min_messages = warning")
        for statement in statements:
            cursor.execute(statement)
