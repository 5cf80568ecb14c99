"""manage.py found_operator "Portolan Operations" --country DE --email ops@portolan.example: who lets all others in."""

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.parties.inviting import invite
from accounts.parties.models import Membership, Party
from accounts.parties.services import register_party
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import RuleViolation


class Command(BaseCommand):
    help = (
        "Enter the operator of a new installation and write to its first administrator, who invites colleagues and the "
        "first administrator of every other party. Once."
    )

    def add_arguments(self, parser):
        parser.add_argument("name")
        parser.add_argument("--country", required=True, help="ISO 3166-1, such as DE")
        parser.add_argument("--email", required=True, help="mailbox of its first administrator")

    @transaction.atomic
    def handle(self, *, name: str, country: str, email: str, **options):
        if Party.objects.filter(kind=Party.Kind.OPERATOR).exists():
            raise CommandError("This installation has its operator already.")
        now = timezone.now()
        try:
            operator = register_party(
                actor=SYSTEM_ACTOR, kind=Party.Kind.OPERATOR, name=name, country=country.upper(), now=now
            )
            invite(actor=SYSTEM_ACTOR, party_id=operator.id, email=email, role=Membership.Role.ADMIN, now=now)
        except RuleViolation as refusal:
            raise CommandError(refusal.sentence) from None
        self.stdout.write(f"{operator.name} is entered; a letter to {email} is on its way.")
