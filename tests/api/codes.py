"""Every problem code that the source can answer with, read from the source itself."""

import ast
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("accounts", "logistics", "financing", "portal")
UNREADABLE = {"XML_MALFORMED"}
"""Of documents: not what their type says, as JSON that is none."""
BESIDE_THE_API = ("sandbox", "runtime", "migrations", "iso20022", "management")


def _trees():
    for package in PACKAGES:
        for path in sorted((PROJECT / package).rglob("*.py")):
            if not set(BESIDE_THE_API) & set(path.parts):
                yield path, ast.parse(path.read_text())


def _bases(node: ast.ClassDef) -> list[str]:
    return [each.id if isinstance(each, ast.Name) else getattr(each, "attr", "") for each in node.bases]


def _assigned(node: ast.ClassDef) -> dict[str, object]:
    """`code = "X"` and `code, status = "X", 409` in the body of a class."""
    found = {}
    for each in (each for each in node.body if isinstance(each, ast.Assign)):
        target, value = each.targets[0], each.value
        pairs = (
            zip(target.elts, value.elts, strict=True)
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            else [(target, value)]
        )
        found |= {n.id: v.value for n, v in pairs if isinstance(n, ast.Name) and isinstance(v, ast.Constant)}
    return found


def refusals() -> dict[str, int]:
    """Name of each class of refusals -> its status; of classes that inherit one, too."""
    classes = {n.name: n for _, tree in _trees() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}
    known = {"RuleViolation": 422}
    while True:
        new = {
            name: _assigned(node).get("status", known[base])
            for name, node in classes.items()
            for base in _bases(node)
            if base in known and name not in known
        }
        if not new:
            return known
        known |= new


def codes() -> dict[str, set[int]]:
    """Code -> the statuses with which it is answered."""
    known, found = refusals(), {}
    for _, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name in known:
                if code := _assigned(node).get("code"):
                    found.setdefault(code, set()).add(known[node.name])
            elif isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                for keyword in node.keywords:
                    if keyword.arg == "code" and name in known and isinstance(keyword.value, ast.Constant):
                        found.setdefault(keyword.value.value, set()).add(known[name])
                first = node.args[0] if node.args else None
                if name == "DocumentRefused" and isinstance(first, ast.Constant):
                    found.setdefault(first.value, set()).add(400 if first.value in UNREADABLE else 422)
    return {code: statuses for code, statuses in found.items() if code}


def codes_of_rows() -> set[str]:
    """Codes with which rows of a trade file are refused, but for those that are made of a column's name."""
    calls = [node for _, tree in _trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = {"RowRefused": 0, "refuse": 1}
    given = [
        each.args[named[name]]
        for each in calls
        if (name := getattr(each.func, "id", getattr(each.func, "attr", ""))) in named and len(each.args) > named[name]
    ]
    return {each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)}
