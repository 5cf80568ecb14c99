"""Where settings come from: the process environment first, then `.env`, then what the runtime wrote for this world.

Standard library only and cheap: `portal.settings` calls `load()` before it reads anything, so that `manage.py` started
by hand finds the running database, broker and bank.
"""

import os
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_WORLD = PROJECT / "var" / "portal"
SHARED = (
    "DATABASE_URL", "OWNER_DATABASE_URL", "BROKER_URL", "BANK_URL", "BANK_SECRET", "PUBLIC_URL", "SECRET_KEY",
    "SEALING_KEY",
)  # fmt: skip
"""What a running world tells to those who come by hand."""
SECRETS = (
    "DATABASE_URL", "OWNER_DATABASE_URL", "BROKER_URL", "EMAIL_URL", "SECRET_KEY", "SECRET_KEY_BEFORE", "SEALING_KEY",
    "SEALING_KEY_BEFORE", "BANK_SECRET", "IDP_OIDC_PRIVATE_KEY", "METRICS_TOKEN", "DATABASE_PASSWORD_NEXT",
)  # fmt: skip
"""What may also lie in a file of its own."""
ADOPTED = "ADOPTED_FROM_WORLD"


def world_dir() -> Path:
    """The folder of this world's data; a relative WORLD_DIR counts from the project, whatever the current folder is."""
    return PROJECT / os.environ.get("WORLD_DIR", DEFAULT_WORLD)


def load() -> None:
    """Set what is not set yet in `os.environ`: from files of secrets, `.env`, and then from WORLD_DIR/environment."""
    for key, value in (read(PROJECT / ".env") | from_files(os.environ)).items():
        os.environ.setdefault(key, value)
    os.environ["WORLD_DIR"] = str(world_dir())
    found = read(world_dir() / "environment")
    adopt({key: found[key] for key in SHARED if key in found and key not in os.environ})


def adopt(values: dict[str, str]) -> None:
    """Set values that belong to a running world, and remember that nobody gave them from outside."""
    os.environ.update(values)
    os.environ[ADOPTED] = " ".join({*os.environ.get(ADOPTED, "").split(), *values})


def given() -> dict[str, str]:
    """What was set from outside: the process environment over `.env`, without what was adopted from a running world."""
    adopted = {ADOPTED, *os.environ.get(ADOPTED, "").split()}
    values = (
        read(PROJECT / ".env")
        | from_files(os.environ)
        | {key: value for key, value in os.environ.items() if key not in adopted}
    )
    return {key: value for key, value in values.items() if value}


def from_files(environ: Mapping[str, str]) -> dict[str, str]:
    """Secrets that lie in files of their own, as a vault's agent or systemd's credentials hand them over.

    SECRET_KEY_FILE=/run/secrets/key names the file of SECRET_KEY; in systemd's folder the file bears the name itself,
    or is called portolan.SECRET_KEY, as our units ask for it.
    Raises OSError for a file that is named and cannot be read.
    """
    named = {key: Path(environ[f"{key}_FILE"]) for key in SECRETS if environ.get(f"{key}_FILE")}
    folder = Path(environ["CREDENTIALS_DIRECTORY"]) if environ.get("CREDENTIALS_DIRECTORY") else None
    names = {name: key for key in SECRETS for name in (key, f"portolan.{key}")}
    handed = {key: folder / name for name, key in names.items() if (folder / name).is_file()} if folder else {}
    return {key: path.read_text(encoding="utf-8").strip() for key, path in (handed | named).items()}


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
    write_private(draft, "".join(f"{key}={value}\n" for key, value in sorted(values.items())))
    draft.replace(path)


def update(path: Path, **values: str) -> None:
    """Set some values of the file and keep the others."""
    write(path, read(path) | values)


def write_private(path: Path, text: str) -> None:
    """A file that only its owner can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
