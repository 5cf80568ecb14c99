"""Where settings come from: the process environment first, then `.env`, then what the runtime wrote for this world.

Standard library only and cheap: `portal.settings` calls `load()` before it reads anything, so that `manage.py` started by
hand finds the running database, broker and bank.
"""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_WORLD = PROJECT / "var" / "portal"


def world_dir() -> Path:
    """The folder of this world's data; a relative WORLD_DIR counts from the project, whatever the current folder is."""
    return PROJECT / os.environ.get("WORLD_DIR", DEFAULT_WORLD)


def load() -> None:
    """Set what is not set yet in `os.environ`, from `.env` and then from WORLD_DIR/environment."""
    for key, value in read(PROJECT / ".env").items():
        os.environ.setdefault(key, value)
    os.environ["WORLD_DIR"] = str(world_dir())
    for key, value in read(world_dir() / "environment").items():
        os.environ.setdefault(key, value)


def read(path: Path) -> dict[str, str]:
    """KEY=VALUE lines of a file, {} where there is none; empty lines and lines starting with # are skipped.

    A value may stand in quotes. An empty value counts as not given, so that `DATABASE_URL=` keeps the embedded server.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.strip().removeprefix("export ").partition("=") for line in lines if not line.lstrip().startswith("#"))
    found = {key.strip(): value.strip().strip("\"'") for key, equals, value in pairs if equals}
    return {key: value for key, value in found.items() if value}


def write(path: Path, values: dict[str, str]) -> None:
    """Write KEY=VALUE lines readable by their owner alone, in one step: a reader never sees half of them."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in sorted(values.items()))
    draft.replace(path)
