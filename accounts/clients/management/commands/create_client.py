"""manage.py create_client PARTY: let a machine act for a party; prints the id and, once, the secret."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.clients.services import create_client
from accounts.parties.models import Membership, Party
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import RuleViolation


class Command(BaseCommand):
    help = "Create an OAuth2 client that acts for a party. The secret is shown once and kept as a hash."

    def add_arguments(self, parser):
        parser.add_argument("party", help="Name of the party, or its number")
        parser.add_argument("--role", default=Membership.Role.MAKER, choices=Membership.Role.values)
        parser.add_argument("--name", default="API client")

    def handle(self, *, party: str, role: str, name: str, **options):
        named = {"id": int(party)} if party.isascii() and party.isdigit() else {"name": party}
        found = list(Party.objects.filter(**named)[:2])
        if len(found) != 1:
            raise CommandError(f"{'No' if not found else 'More than one'} party is called {party!r}.")
        try:
            bound, secret = create_client(
                actor=SYSTEM_ACTOR, party_id=found[0].id, name=name, role=role, now=timezone.now()
            )
        except RuleViolation as refusal:
            raise CommandError(refusal.sentence) from None
        self.stdout.write(f"CLIENT_ID={bound.client_id}\nCLIENT_SECRET={secret}")
