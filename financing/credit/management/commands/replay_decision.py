"""manage.py replay_decision ID: decide again from what was kept and say whether it comes out the same."""

from django.core.management.base import BaseCommand, CommandError

from financing.credit.models import Decision
from financing.credit.queries import replay


class Command(BaseCommand):
    help = "Replay a decision from its stored inputs: exit 0 when identical, 1 when not."

    def add_arguments(self, parser):
        parser.add_argument("decision_id", type=int)

    def handle(self, *, decision_id: int, **options):
        decision = Decision.objects.select_related("policy").filter(id=decision_id).first()
        if decision is None:
            raise CommandError(f"There is no decision {decision_id}.")
        differences = replay(decision)
        for each in differences:
            self.stdout.write(f"{each.place}: kept {each.kept!r}, replayed {each.replayed!r}")
        if differences:
            raise CommandError(f"Decision {decision_id} differs in {len(differences)} places.")
        self.stdout.write(f"Decision {decision_id} ({decision.outcome}): identical.")
