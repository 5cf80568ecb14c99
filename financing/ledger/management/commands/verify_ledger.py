"""Recompute what the ledger keeps from what was booked."""

from django.core.management.base import BaseCommand, CommandError

from financing.ledger.models import Book, Entry
from financing.ledger.queries import findings


class Command(BaseCommand):
    help = "Recomputes kept balances from the legs and checks that every entry balances. Exit 1 when anything is found."

    def add_arguments(self, parser):
        parser.add_argument("--book", type=int, help="id of one book (all books where left out)")

    def handle(self, *args, **options):
        books = Book.objects.select_related("funder").order_by("id")
        if options["book"] is not None:
            books = books.filter(id=options["book"])
            if not books:
                raise CommandError(f"There is no book {options['book']}.")
        count = 0
        for book in books:
            found = findings(book.id)
            count += len(found)
            for what, where in found:
                self.stdout.write(f"{book}: {what}: {where}")
            entries = Entry.objects.filter(book=book).count()
            self.stdout.write(f"{book}: {entries} entries, {len(found) or 'no'} findings")
        if count:
            raise CommandError(f"The ledger contradicts itself in {count} places.", returncode=1)
