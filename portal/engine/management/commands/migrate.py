"""`manage.py migrate`, and then the wall: every table knows which rows it shows to whom (portal.engine.walls)."""

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from portal.engine import walls


class Command(migrate.Command):
    def handle(self, *arguments, **options):
        connection = connections[options["database"]]
        if missing := walls.missing_roles(connection):
            raise CommandError(walls.WITHOUT_ROLES.format(missing=", ".join(missing)))
        super().handle(*arguments, **options)
        is_whole = not (options["app_label"] or options["plan"] or options["check_unapplied"])
        if is_whole:
            walls.put_up(connection)
