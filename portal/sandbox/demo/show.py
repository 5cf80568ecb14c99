"""The demo from the first day to the last figure."""

import json
import time
from pathlib import Path

import psycopg
from django.utils import timezone

from accounts.parties.models import Party
from portal.runtime.environment import PROJECT
from portal.runtime.world import World
from portal.sandbox.bank.client import BankClient
from portal.sandbox.demo import figures, made_up, olist, telling
from portal.sandbox.demo.business import Business
from portal.sandbox.demo.callers import Office
from portal.sandbox.demo.quiet import Quiet
from portal.shared import wall

RESULT = PROJECT / "var" / "demo.json"


def run(world: World, trade: Path | None) -> int:
    """0 where every claim holds, else 1. Writes var/demo.json."""
    if Party.objects.exists():
        print("The demo makes its world from nothing, and the database that DATABASE_URL names has parties already.")
        return 2
    began = time.monotonic()
    bank = BankClient(world.bank_url, world.environment["BANK_SECRET"])
    quiet = Quiet(world.environment["DATABASE_URL"], bank)
    office = Office(world.url)
    try:
        business, needs = play(office, bank, quiet, trade)
        with psycopg.connect(world.environment["DATABASE_URL"], **wall.AS_THE_PORTAL) as connection:
            found = figures.collect(connection, bank)
            claims = [*figures.claims(connection, found, needs), *figures.asked_again(connection, business.maker)]
            telling.tell(connection, business, found, claims, time.monotonic() - began)
    finally:
        for part in (quiet, office, bank):
            part.close()
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"\n{RESULT.relative_to(PROJECT)} is written. The world stays in var/demo: make psql WORLD=demo")
    return 0 if all(holds for _, holds in claims) else 1


def play(office: Office, bank: BankClient, quiet: Quiet, trade: Path | None) -> tuple[Business, figures.Needs]:
    if trade is None:
        today = timezone.now().date()
        print(f"{made_up.SUPPLIERS} made-up suppliers, {made_up.MONTHS} months of trade\n")
        business = Business(office, bank, quiet, made_up.SCALE, made_up.first_day(today), print)
        made_up.play(business, today)
        return business, figures.Needs(financings=100, suppliers=20)
    file = olist.TradeFile(trade)
    print(f"{trade.name}: {len(file.rows):,} rows that can be true, {file.first_day:%b %Y} to {file.last_day:%b %Y}\n")
    business = Business(office, bank, quiet, olist.SCALE, file.first_day, print)
    olist.play(business, file)
    return business, figures.Needs(financings=200, suppliers=60)
