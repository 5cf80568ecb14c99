"""Compiles the catalogues of translations, without tools of the system: `python -m portal.runtime.catalogues`."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from portal.runtime.environment import PROJECT


def compile_all(place: Path = PROJECT / "locale") -> None:
    for source in place.glob("*/LC_MESSAGES/*.po"):
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3])
        draft = source.with_suffix(".mo.draft")
        with draft.open("wb") as file:
            write_mo(file, catalogue)
        draft.replace(source.with_suffix(".mo"))  # whoever reads meanwhile finds the old one or the new one whole


if __name__ == "__main__":
    compile_all()
