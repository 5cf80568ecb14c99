"""What kinds of suppliers there are, and what they are called. Pure."""

from dataclasses import dataclass, replace
from itertools import cycle


@dataclass(frozen=True, slots=True)
class Character:
    """How a supplier trades. Shares are between 0 and 1; prices in whole units of the currency.

    lines_a_month    order lines in an ordinary month
    growth           sales of the last month / those of the first
    season           1 is even; 0.5 sells half as much out of season and half as much again in it
    on_time, fulfilled, cancelled, returned   shares of its lines
    """

    name: str
    months: int
    lines_a_month: int
    prices: tuple[int, int]
    categories: int
    growth: float = 1.2
    season: float = 1.0
    on_time: float = 0.985
    fulfilled: float = 0.995
    cancelled: float = 0.005
    returned: float = 0.015


STRONG = Character("strong", 14, 34, (15, 90), 4, growth=1.5)
LARGE = Character("large", 12, 60, (120, 480), 5, growth=1.3)
STEADY = Character("steady", 10, 20, (12, 70), 2, growth=0.95, on_time=0.93, fulfilled=0.97, returned=0.04)
SEASONAL = Character(
    "seasonal", 12, 18, (10, 80), 2, growth=0.8, season=0.25, on_time=0.86, fulfilled=0.94, cancelled=0.02,
    returned=0.09,
)  # fmt: skip
NARROW = Character("narrow", 8, 14, (25, 60), 1, growth=0.9, on_time=0.89, fulfilled=0.96, returned=0.05)
SLOPPY = Character("sloppy", 9, 7, (10, 60), 2, growth=0.8, on_time=0.74, fulfilled=0.90, cancelled=0.08, returned=0.11)
FADING = Character(
    "fading", 11, 18, (10, 55), 2, growth=0.2, on_time=0.85, fulfilled=0.93, cancelled=0.04, returned=0.06
)
YOUNG = Character("young", 4, 13, (10, 60), 2, growth=1.8, on_time=0.92, returned=0.04)
THIN = Character("thin", 5, 1, (15, 60), 1)
NEW = Character("new", 2, 12, (10, 50), 2, growth=1.5)

MIX = (
    STRONG, STEADY, SEASONAL, LARGE, NARROW, STEADY, YOUNG, SLOPPY, STRONG, FADING, STEADY, NARROW, THIN, SEASONAL, NEW,
)  # fmt: skip
"""Suppliers are of these characters in turn."""

FIRST = (
    "Amphora", "Bellows", "Cinder", "Dovetail", "Ember", "Foxglove", "Gimlet", "Hazel", "Inkwell", "Juniper", "Kestrel",
    "Lantern", "Marlin", "Nettle", "Osier", "Plover", "Quarry", "Rowan", "Saffron", "Thimble", "Umber", "Velvet",
    "Willow", "Yarrow", "Zephyr", "Alder", "Bramble", "Copper", "Drift", "Elder",
)  # fmt: skip
SECOND = ("Works", "Trading", "Home", "Supply", "Makers", "Living", "Goods", "Outfitters")
FORMS = (("GmbH", "DE"), ("B.V.", "NL"), ("SARL", "FR"), ("S.r.l.", "IT"), ("Sp. z o.o.", "PL"), ("Lda", "PT"))

CATEGORIES = {
    "kitchenware": ("Kettle", "Casserole", "Chef's knife", "Baking tin"),
    "tools": ("Cordless drill", "Spirit level", "Screwdriver set", "Clamp"),
    "garden": ("Pruning shears", "Watering can", "Raised bed", "Hose reel"),
    "lighting": ("Table lamp", "Pendant", "Floor lamp", "Light strip"),
    "textiles": ("Bed linen", "Wool blanket", "Cushion", "Curtain"),
    "toys": ("Building blocks", "Wooden train", "Puzzle", "Kite"),
    "sports": ("Yoga mat", "Kettlebell", "Running belt", "Climbing rope"),
    "stationery": ("Fountain pen", "Notebook", "Desk pad", "Label printer"),
}


@dataclass(frozen=True, slots=True)
class Supplier:
    """`reference`: the number by which the platform knows it, as in trade files and invoices."""

    number: int
    reference: str
    name: str
    country: str
    character: Character


def suppliers(count: int, most_months: int = 14) -> list[Supplier]:
    """So many suppliers of mixed characters; the first ones always the same."""
    kinds = cycle(MIX)
    return [_supplier(number, next(kinds), most_months) for number in range(count)]


def _supplier(number: int, character: Character, most_months: int) -> Supplier:
    form, country = FORMS[number * 5 % len(FORMS)]
    name = f"{FIRST[number % len(FIRST)]} {SECOND[(number + number // len(FIRST) * 3) % len(SECOND)]} {form}"
    if character.months > most_months:
        character = replace(character, months=most_months)
    return Supplier(number, f"S-{10001 + 37 * number}", name, country, character)
