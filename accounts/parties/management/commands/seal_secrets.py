"""Seal anew what is kept under a key of before: the step of a rotation after which SEALING_KEY_BEFORE can go."""

from django.core.management.base import BaseCommand

from accounts.parties.factors import seal_all


class Command(BaseCommand):
    help = "Seals second factors under SEALING_KEY that lie open or under SEALING_KEY_BEFORE."

    def handle(self, *args, **options) -> None:
        self.stdout.write(f"{seal_all()} secrets were sealed anew; all lie under SEALING_KEY now.")
