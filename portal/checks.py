"""What `manage.py check --deploy` looks at beside Django's own: that nothing is said in the clear to other machines."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Tags, Warning, register
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from portal.shared.tls import is_local


@register(Tags.security, deploy=True)
def spoken_in_the_clear(app_configs, **kwargs) -> list[Warning]:
    """Database, broker, bank and mail server: encrypted, and their certificates checked, unless on this machine."""
    found = [_database(), _broker(), _bank(), _mail(), _scanner()]
    return [each for each in found if each]


def _database() -> Warning | None:
    database = settings.DATABASES["default"]
    if is_local(database["HOST"]) or database["OPTIONS"].get("sslmode") == "verify-full":
        return None
    return Warning(
        f"The database at {database['HOST']} is spoken to without its certificate being checked.",
        hint="Add ?sslmode=verify-full&sslrootcert=FILE to DATABASE_URL.", id="portolan.W001",
    )  # fmt: skip


def _broker() -> Warning | None:
    broker = urlsplit(settings.CELERY_BROKER_URL)
    if is_local(broker.hostname) or broker.scheme in {"amqps", "rediss"}:
        return None
    return Warning(
        f"The broker at {broker.hostname} is spoken to in the clear.",
        hint="Use amqps:// or rediss:// in BROKER_URL.", id="portolan.W002",
    )  # fmt: skip


def _bank() -> Warning | None:
    bank = urlsplit(settings.BANK_URL)
    if is_local(bank.hostname) or bank.scheme == "https":
        return None
    return Warning(
        f"The bank's channel at {bank.hostname} is spoken to in the clear.",
        hint="Use https:// in BANK_URL.", id="portolan.W003",
    )  # fmt: skip


def _scanner() -> Warning | None:
    host = urlsplit(settings.CLAMD_URL).hostname
    if is_local(host):
        return None
    return Warning(
        f"Uploads are sent in the clear to the virus scanner at {host}.",
        hint="clamd knows no TLS: let one listen on this machine, or reach it by a tunnel.", id="portolan.W008",
    )  # fmt: skip


def _mail() -> Warning | None:
    options = settings.MAILERS["default"].get("OPTIONS", {})
    host = options.get("host")
    if host is None or is_local(host) or options["use_tls"] or options["use_ssl"]:
        return None
    return Warning(
        f"The mail server at {host} is spoken to in the clear.",
        hint="Use smtps:// in EMAIL_URL: port 465, or STARTTLS on any other.", id="portolan.W004",
    )  # fmt: skip


@register(Tags.security, deploy=True)
def people_and_keys(app_configs, **kwargs) -> list[Warning]:
    found = []
    if not settings.SECOND_FACTOR_REQUIRED or settings.SECOND_FACTOR_FOR != "everybody":
        found.append(Warning(
            "Some come in by a password alone.",
            hint="Leave SECOND_FACTOR_REQUIRED at 1 and SECOND_FACTOR_FOR at everybody, or say in"
            " SILENCED_CHECKS=portolan.W005 that it is meant so.", id="portolan.W005",
        ))  # fmt: skip
    if settings.HTTPS and not settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        found.append(Warning(
            "TRUSTED_PROXIES is 0: tries to sign in of all who come through a proxy are counted as one person's.",
            hint="Say how many proxies of your own are in front; silence this where none is.", id="portolan.W007",
        ))  # fmt: skip
    if len(settings.SEALING_KEY) < 50 or settings.SEALING_KEY == settings.SECRET_KEY:
        found.append(Warning(
            "SEALING_KEY is short, or the same as SECRET_KEY.",
            hint="Each key has one purpose, and 50 or more random characters.", id="portolan.W006",
        ))  # fmt: skip
    if not _is_secret(settings.BANK_SECRET):
        found.append(Warning(
            "BANK_SECRET is none: the bank's messages are refused, and nothing can be sent to it.",
            hint="whsec_ and the secret in base64, as the bank gave it.", id="portolan.W009",
        ))  # fmt: skip
    return found


def _is_secret(text: str) -> bool:
    try:
        Webhook(text)
    except (EmptyWebhookSecretError, ValueError):
        return False
    return True
