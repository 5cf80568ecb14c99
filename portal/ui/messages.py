"""What people read, as the sources say it: gettext calls, tags of templates, sentences of refusals.

It needs no tools of the system, so that every machine can tell whether a translation is missing.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from django.apps import apps
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize

FLOORS = ("accounts", "logistics", "financing", "portal")
PLACE = re.compile(r"%\((\w+)\)s|\{(\w+)\}")
GETTEXT = {"gettext", "gettext_lazy", "gettext_noop"}
NGETTEXT = {"ngettext", "ngettext_lazy"}
PGETTEXT = {"pgettext", "pgettext_lazy"}
NPGETTEXT = {"npgettext", "npgettext_lazy"}

SENTENCE_AT = {
    "Sentence": 0, "MoneyError": 0, "DocumentRefused": 1, "RowRefused": 1, "UnreadableMessage": 1,
    "UnsendableMessage": 1, "find": 1, "_agree": 0, "_translate": 0,
}  # fmt: skip
"""Calls beside gettext's that take a sentence, and at which place; of RuleViolation's children it is the first."""


@dataclass(frozen=True, slots=True)
class Found:
    context: str
    text: str
    many: str
    file: str


@dataclass(frozen=True, slots=True)
class Untranslatable:
    """A sentence that is put together before it could be translated."""

    file: str
    line: int


def found() -> list[Found]:
    """Every message of the product, by file."""
    return [each for each in _walk() if isinstance(each, Found)] + list(_names())


def untranslatable() -> list[Untranslatable]:
    return [each for each in _walk() if isinstance(each, Untranslatable)]


def catalogue_path(language: str) -> Path:
    return settings.BASE_DIR / "locale" / language / "LC_MESSAGES" / "django.po"


def catalogue(language: str) -> Catalog:
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> Catalog:
    """Write the catalogue anew: what is translated stays, what is new waits, what is gone goes."""
    known, fresh = catalogue(language), Catalog(locale=language, project="Portolan", fuzzy=False)
    for (context, text), (many, files) in sorted(wanted().items(), key=_in_order):
        before = known.get(text, context=context)
        string = before.string if before else ""
        if many:
            string = string if isinstance(string, tuple) else (string,) * fresh.num_plurals
        elif isinstance(string, tuple):
            string = string[0]
        fresh.add((text, many) if many else text, string, [(file, 0) for file in sorted(files)], context=context)
    with catalogue_path(language).open("wb") as file:
        write_po(file, fresh, width=110, include_lineno=False)
    return fresh


def wanted() -> dict[tuple[str | None, str], tuple[str, set[str]]]:
    """Context and text -> text of many and files. With a form for many and without, a text is one message."""
    messages: dict = {}
    for each in found():
        many, files = messages.get((each.context or None, each.text), ("", set()))
        messages[each.context or None, each.text] = (each.many or many, files | {each.file})
    return messages


def places(text: str) -> set[str]:
    """Names of the places in a template, of either kind."""
    return {one or other for one, other in PLACE.findall(text)}


def _in_order(item: tuple) -> tuple:
    """By file, then by text; a text without a context before the same one with it."""
    (context, text), (_many, files) = item
    return sorted(files), context or "", text


def _names() -> Iterator[Found]:
    """Names of models and their fields, which Django makes of code, and what explains these: for the back office."""
    for model in apps.get_models():
        floor, *rest = model.__module__.split(".")
        if floor in FLOORS and "sandbox" not in rest:
            with translation.override(None):
                fields = [field for field in model._meta.concrete_fields if field.name != "id"]
                said = {str(text) for field in fields for text in (field.verbose_name, field.help_text) if text}
                names = {str(model._meta.verbose_name), str(model._meta.verbose_name_plural), *said}
            yield from (Found("", name, "", model.__module__.replace(".", "/") + ".py") for name in sorted(names))


# ── Reading the sources ──────────────────────────────────────────────────────────────────────────────────────────────
def _walk() -> Iterator[Found | Untranslatable]:
    trees = {_name(path): ast.parse(path.read_text()) for path in _python_files()}
    refusals = _children_of("RuleViolation", trees.values()) - SENTENCE_AT.keys()
    for file, tree in trees.items():
        yield from _in_python(file, tree, refusals)
    for path in sorted((settings.BASE_DIR / "templates").rglob("*")):
        if path.suffix in (".html", ".txt"):
            yield from _in_template(path)


def _python_files() -> Iterable[Path]:
    for floor in FLOORS:
        for path in sorted((settings.BASE_DIR / floor).rglob("*.py")):
            if "migrations" not in path.parts and "sandbox" not in path.parts:
                yield path


def _name(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


def _children_of(name: str, trees: Iterable[ast.Module]) -> set[str]:
    bases = {
        node.name: {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
        for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    }  # fmt: skip
    family, before = {name}, set()
    while family != before:
        before = set(family)
        family |= {child for child, parents in bases.items() if parents & family}
    return family


def _in_python(file: str, tree: ast.Module, refusals: set[str]) -> Iterator[Found | Untranslatable]:
    aliases = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _in_call(file, node, aliases, refusals)
        elif isinstance(node, ast.ClassDef) and node.name in refusals:
            yield from _of_class(file, node)
        elif isinstance(node, ast.ClassDef):
            yield from _of_choices(file, node)


def _in_call(file: str, node: ast.Call, aliases: dict, refusals: set[str]) -> Iterator[Found | Untranslatable]:
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    kind = aliases.get(name, "")
    texts = [arg.value if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else "" for arg in node.args]
    if kind in GETTEXT and texts:
        yield from _message(file, node, texts[0])
    elif kind in NGETTEXT and len(texts) > 1:
        yield from _message(file, node, texts[0], many=texts[1])
    elif kind in PGETTEXT and len(texts) > 1:
        yield from _message(file, node, texts[1], context=texts[0])
    elif kind in NPGETTEXT and len(texts) > 2:
        yield from _message(file, node, texts[1], many=texts[2], context=texts[0])
    else:
        place = SENTENCE_AT.get(name, 0 if name in refusals else None)
        if place is not None and len(node.args) > place:
            yield from _sentence(file, node.args[place])


def _message(file: str, node: ast.Call, text: str, many: str = "", context: str = "") -> Iterator:
    if text:
        yield Found(context, text, many, file)
    elif any(isinstance(arg, ast.JoinedStr | ast.BinOp) for arg in node.args):
        yield Untranslatable(file, node.lineno)


def _sentence(file: str, node: ast.expr) -> Iterator[Found | Untranslatable]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield Found("", node.value, "", file)
    elif isinstance(node, ast.JoinedStr | ast.BinOp):
        yield Untranslatable(file, node.lineno)


def _of_class(file: str, node: ast.ClassDef) -> Iterator[Found | Untranslatable]:
    """A refusal's class may name its sentence."""
    for line in node.body:
        if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == "sentence":
            yield from _sentence(file, line.value)


def _of_choices(file: str, node: ast.ClassDef) -> Iterator[Found | Untranslatable]:
    """Labels of choices are made of their names, as Django does; plain TextChoices would not translate them."""
    bases = {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
    if "TextChoices" in bases and node.name != "Choices":
        yield Untranslatable(file, node.lineno)
    if "Choices" in bases:
        assigned = [line for line in node.body if isinstance(line, ast.Assign)]
        named = {line.targets[0].id: line.value for line in assigned if isinstance(line.targets[0], ast.Name)}
        contexts = ast.literal_eval(named.pop("__contexts__", None) or "{}")
        for name in named:
            yield Found(contexts.get(name, ""), name.replace("_", " ").title(), "", file)


_OF_TEMPLATE = re.compile(
    r"""\b(?P<kind>n?p?gettext|_)\(\s*(?P<texts>(?:u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*,?\s*)+)""", re.DOTALL
)
_TEXT = re.compile(r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.DOTALL)


def _in_template(path: Path) -> Iterator[Found]:
    """Django writes a template's messages as calls of gettext, for xgettext to read; we read the same."""
    for call in _OF_TEMPLATE.finditer(templatize(path.read_text(), origin=str(path))):
        texts = [ast.literal_eval(text) for text in _TEXT.findall(call["texts"])]
        match call["kind"], texts:
            case "npgettext", [context, text, many, *_]:
                yield Found(context, text, many, _name(path))
            case "pgettext", [context, text, *_]:
                yield Found(context, text, "", _name(path))
            case "ngettext", [text, many, *_]:
                yield Found("", text, many, _name(path))
            case _, [text, *_] if text:
                yield Found("", text, "", _name(path))
