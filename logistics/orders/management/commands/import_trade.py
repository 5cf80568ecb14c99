"""Import trade history: orders, despatch, delivery and returns of a platform's suppliers."""

import json
from datetime import UTC, datetime
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from accounts.parties.models import Party
from logistics.orders.rules import MAPPINGS
from logistics.orders.services import import_trade
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import RuleViolation

SHOWN = 10


class Command(BaseCommand):
    help = "Import orders, despatch, delivery and returns from a CSV file, gzip or plain."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--mapping", required=True, choices=sorted(MAPPINGS), help="whose columns the file has")
        parser.add_argument(
            "--platform",
            default="",
            help="external reference, registration number, name or id; may be left out if there is one",
        )
        parser.add_argument("--known-until", help="read the file as it stood then (2018-03-01 or 2018-03-01T12:00:00)")
        parser.add_argument("--json", action="store_true", help="print the whole report as JSON")

    def handle(self, *, file: Path, mapping: str, platform: str, known_until: str | None, **options):
        try:
            with file.open("rb") as content:
                report = import_trade(
                    actor=SYSTEM_ACTOR, platform_id=self._platform(platform).id, content=content, mapping=mapping,
                    now=timezone.now(), known_until=self._time(known_until), file_name=file.name,
                )  # fmt: skip
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except RuleViolation as refusal:
            raise CommandError(f"{refusal.code}: {refusal.sentence}") from None
        self.stdout.write(json.dumps(report, indent=2) if options["json"] else self._told(report))

    def _platform(self, named: str) -> Party:
        platforms = Party.objects.filter(kind=Party.Kind.PLATFORM)
        if named:
            wanted = Q(external_reference=named) | Q(registration_number=named) | Q(name__iexact=named)
            platforms = platforms.filter(wanted | Q(id=int(named)) if named.isdecimal() else wanted)
        found = list(platforms[:2])
        if len(found) != 1:
            raise CommandError("There is no such platform." if not found else "Name the platform: there are several.")
        return found[0]

    def _time(self, text: str | None) -> datetime | None:
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise CommandError(f"{text!r} is not a time as in 2018-03-01T12:00:00.") from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def _told(self, report: dict) -> str:
        told = {name: f"{count:,}" for name, count in report.items() if isinstance(count, int)}
        lines = [
            "{lines} rows read: {new} lines new, {known} known ({updated} updated), {not_yet} not known yet, "
            "{refused_lines} refused.".format(**told),
            "{suppliers} suppliers registered, {receipts} receipts, {returns} returns.".format(**told),
        ]
        lines += [f"  {count:>7,}  {code}" for code, count in report["refused_by_code"].items()]
        lines += [f"  line {each['line']}: {each['reason']}" for each in report["refused"][:SHOWN]]
        if report["refused_lines"] > SHOWN:
            lines.append(f"  ... the whole report is kept with document {report['document']} (--json prints it).")
        return "\n".join(lines)
