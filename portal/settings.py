"""Settings: one file, driven by environment variables (`.env.example` lists them)."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from portal import logs
from portal.backoffice import appearance
from portal.runtime import environment
from portal.shared import tls

environment.load()
BASE_DIR = environment.PROJECT


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    return text(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    return int(text(name) or default)


DEBUG = flag("DEBUG")
SECRET_KEY = text("SECRET_KEY")
if not SECRET_KEY:
    # Commands that serve nobody (collectstatic, makemigrations) run without one; everything else refuses to.
    if not DEBUG and text("DATABASE_URL"):
        raise ImproperlyConfigured("Set SECRET_KEY: 50 or more random characters.")
    SECRET_KEY = os.urandom(32).hex()
SECRET_KEY_FALLBACKS = [key for key in [text("SECRET_KEY_BEFORE")] if key]
"""While a new key comes in, sessions and links of the old one go on."""
SEALING_KEY, SEALING_KEY_BEFORE = text("SEALING_KEY"), text("SEALING_KEY_BEFORE")
"""Seals what the database keeps of second factors (portal.shared.sealing); the one before still opens them."""
if not SEALING_KEY:
    if not DEBUG and text("DATABASE_URL"):
        raise ImproperlyConfigured("Set SEALING_KEY: 50 or more random characters, and never lose them.")
    SEALING_KEY = os.urandom(32).hex()

PUBLIC_URL = text("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = [host for host in text("ALLOWED_HOSTS", "127.0.0.1,localhost").split(",") if host]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# ── The product's map ────────────────────────────────────────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    # people
    "accounts.trail",
    "accounts.parties",
    "accounts.clients",
    "accounts.intake",
    "accounts.notices",
    # goods
    "logistics.orders",
    # money
    "financing.ledger",
    "financing.banking",
    "financing.receivables",
    "financing.credit",
    "financing.advances",
    # entrance
    "portal.engine",
    "portal.ui",
    "portal.backoffice",
    "portal.sandbox",
    # what others keep well
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.idp.oidc",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
]

MIDDLEWARE = [
    "portal.walls.HeadersMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.ui.compression.PagesCompressed",
    "portal.middleware.RequestIdMiddleware",
    "portal.observing.ObservedMiddleware",
    "portal.walls.WatchMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.walls.SessionLimitsMiddleware",
    "portal.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.MethodMiddleware",
    "portal.middleware.TooLargeMiddleware",
    "portal.middleware.ActorMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
SUBSCRIPTIONS = "portal.subscriptions.SUBSCRIPTIONS"
"""Event name -> handlers. A name, so that the trail imports nothing above it."""
EVENT_NAMES = "portal.workspaces.sentences.SENTENCES"
"""What there is news of, by its name: events can be asked for by it."""
WATCHERS = "accounts.parties.queries.operators"
"""Ids of the parties that hear of what is stuck."""
NOTICES = "portal.told.TABLE"
"""Event name -> whom it is told, in which words."""

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.workspace",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"


# ── Database ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def database(url: str) -> dict:
    """Django's description of a postgres:// URL; the query string becomes libpq options."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL has to be a postgres:// URL: Portolan runs on PostgreSQL only.")
    return {
        "ENGINE": "portal.engine",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        # While it is changed: the server takes one at a time, and all processes cannot be started anew in one instant.
        "NEXT_PASSWORD": text("DATABASE_PASSWORD_NEXT"),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": number("CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            name: unquote(value) for name, _, value in (pair.partition("=") for pair in parts.query.split("&") if pair)
        },
    }


DATABASES = {"default": database(text("DATABASE_URL", "postgres://app@127.0.0.1:5432/portolan"))}
OWNER_DATABASE_URL = text("OWNER_DATABASE_URL")
"""The role that migrates and seeds; the serving processes never use it."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# What all web processes have to count together: failed sign-ins, used one-time codes. Not at the broker, which may lose
# everything and may be down: guessing passwords must not become possible by that, nor signing in impossible.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "parties_attempt",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# ── Celery ───────────────────────────────────────────────────────────────────────────────────────────────────────────
CELERY_BROKER_URL = text("BROKER_URL", "redis://127.0.0.1:6379/0")
CLIENT_CERT_FILE, CLIENT_KEY_FILE = text("CLIENT_CERT_FILE"), text("CLIENT_KEY_FILE")
"""The portal's own certificate, shown to broker and bank; to the database by sslcert and sslkey in its URL."""
CELERY_BROKER_USE_SSL = tls.of_broker(CELERY_BROKER_URL, CLIENT_CERT_FILE, CLIENT_KEY_FILE)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_DB_REUSE_MAX = 1_000_000  # portal/celery.py keeps connections as requests do
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A publisher whose connection has died connects anew, once: without, beat and web would never be heard again by a
# RabbitMQ that was restarted. One that finds the broker down gives up at once: the sweep finds the deliveries.
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# Of the first four RabbitMQ wants none: it knows by itself when a worker is gone, and has no order among queues.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "visibility_timeout": 60,
    "queue_order_strategy": "round_robin",
    # kombu would try for six seconds to publish to a broker that is down, in the middle of somebody's request.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_TIMEZONE = "UTC"

# ── The bank's channel ───────────────────────────────────────────────────────────────────────────────────────────────
BANK_URL = text("BANK_URL", "http://127.0.0.1:8010")
BANK_SECRET = text("BANK_SECRET")

# ── Web ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
WEB_THREADS = number("WEB_THREADS", 8)
"""Threads of a web process that run pages and API; each keeps a database connection."""
LIVE_STREAMS = number("LIVE_STREAMS", 300)
"""Open streams of news per web process; then whoever has most makes way for whoever has less (portal.hub)."""
LIVE_HEARTBEAT_SECONDS = number("LIVE_HEARTBEAT_SECONDS", 15)
LIVE_CHECK_SECONDS = number("LIVE_CHECK_SECONDS", 25)
"""How often an open stream asks whether its session and membership still hold."""

# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "parties.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.parties.passwords.WithoutOurWords"},
    {"NAME": "accounts.parties.passwords.NotBreached"},
]
BREACHED_PASSWORDS_URL = text("BREACHED_PASSWORDS_URL", "https://api.pwnedpasswords.com/range/" if HTTPS else "off")
"""Asked when a password is set, by the beginning of its hash alone; "off" for never."""
# Secrets of machines are random and long: the last hasher is theirs alone. People's passwords take the first.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "accounts.clients.hashing.SecretHasher",
]
SECOND_FACTOR_REQUIRED = flag("SECOND_FACTOR_REQUIRED", HTTPS)
SECOND_FACTOR_FOR = text("SECOND_FACTOR_FOR", "everybody")
"""`everybody`, or `deciding` for those alone who may approve or pay, and the back office."""
if SECOND_FACTOR_FOR not in {"everybody", "deciding"}:
    raise ImproperlyConfigured("SECOND_FACTOR_FOR is everybody or deciding.")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.notices.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Where mail can be sent, an address is confirmed before the first sign-in: anybody could take another's otherwise.
ACCOUNT_EMAIL_VERIFICATION = text("EMAIL_VERIFICATION") or (
    "mandatory" if text("EMAIL_URL").startswith("smtp") else "optional"
)
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# How sign-in is counted stands in accounts/parties/adapter.py ("login" would count right ones by address). Nobody's
# mailbox is filled by strangers who ask for links to it, or sign up with its address.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": "5/5m/key",  # passwords and codes
    "login_address": "20/m/ip",
    "login_account": "30/m/key",
    "reset_password": "20/m/ip,5/h/key",
    "signup_address": "5/h/key",
    "manage_email": "10/m/user,40/d/user",  # each may be a letter to anybody
}
ALLAUTH_TRUSTED_PROXY_COUNT = number("TRUSTED_PROXIES", 0)
"""Proxies of our own in front: attempts are counted by the address that the first of them saw."""
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_ISSUER = "Portolan"
MFA_ADAPTER = "accounts.parties.factors.Sealing"
USERSESSIONS_TRACK_ACTIVITY = False
IDP_OIDC_PRIVATE_KEY = text("IDP_OIDC_PRIVATE_KEY")

mail = urlsplit(text("EMAIL_URL", "console://"))
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": mail.hostname,
            "port": mail.port or 25,
            "username": unquote(mail.username or ""),
            "password": unquote(mail.password or ""),
            "use_ssl": mail.scheme == "smtps" and mail.port == 465,  # TLS from the first byte, as this port has it
            "use_tls": mail.scheme == "smtps" and mail.port != 465,
            "timeout": 30,
        },
    }
    if mail.scheme in {"smtp", "smtps"}
    else {"BACKEND": "django.core.mail.backends.filebased.EmailBackend", "OPTIONS": {"file_path": mail.path}}
    if mail.scheme == "file"
    else {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
}
DEFAULT_FROM_EMAIL = text("EMAIL_FROM", "Portolan <no-reply@portolan.example>")

# ── Walls ────────────────────────────────────────────────────────────────────────────────────────────────────────────
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = number("SESSION_HOURS", 12) * 3600
SESSION_IDLE_SECONDS = number("SESSION_IDLE_MINUTES", 60) * 60
COOKIE_PREFIX = "__Host-" if HTTPS else ""
"""Browsers take such a cookie from this very host by HTTPS only: no neighbour under the same domain sets one for us."""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
MESSAGE_STORAGE = "portal.walls.Messages"
SECURE_HSTS_SECONDS = number("HSTS_SECONDS", 31536000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = flag("HSTS_SUBDOMAINS", HTTPS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# A proxy in front speaks HTTPS for us; whoever comes past it by HTTP is sent there. The bank's channel signs for itself
# and may come by an inner network; machines are refused instead (portal.walls).
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^bank/"]
# Whether a domain stands in the browsers' own list (W021) is for its owner to say.
SILENCED_SYSTEM_CHECKS = ["security.W021", *text("SILENCED_CHECKS").split(",")]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CLAMD_URL = text("CLAMD_URL")
"""A ClamAV daemon that looks at every upload; none is taken while it does not answer."""
MAX_DOCUMENT_BYTES = 10 * 1024 * 1024
# Twelve megabytes reach the view, so that an upload of eleven is refused with a sentence instead of a cut connection.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024

# ── Languages, time, files ───────────────────────────────────────────────────────────────────────────────────────────
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}django_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = HTTPS
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = Path(text("STATIC_ROOT", str(BASE_DIR / "var" / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.ui.static_files.NamedByContent"},
}
STATICFILES_DIRS = [
    BASE_DIR / "portal" / "static",
    ("vendor/htmx", BASE_DIR / "node_modules" / "htmx.org" / "dist"),
    ("vendor/tabler", BASE_DIR / "node_modules" / "@tabler" / "core" / "dist"),
    ("vendor/plex", BASE_DIR / "node_modules" / "@fontsource-variable" / "ibm-plex-sans" / "files"),
    ("vendor/serif", BASE_DIR / "node_modules" / "@fontsource-variable" / "source-serif-4" / "files"),
    ("vendor/echarts", BASE_DIR / "node_modules" / "echarts" / "dist"),
]

UNFOLD = appearance.UNFOLD

# ── REST ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.clients.authentication.ClientAuthentication",
        "accounts.clients.authentication.SessionActorAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "accounts.clients.authentication.HasActor",
        "accounts.clients.authentication.HasScope",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.clients.authentication.ByCaller"],
    "DEFAULT_RENDERER_CLASSES": ["portal.shared.renderers.Json"],
    "DEFAULT_PARSER_CLASSES": ["portal.shared.parsers.JsonBody"],
    "DEFAULT_SCHEMA_CLASS": "portal.shared.openapi.Described",
    "EXCEPTION_HANDLER": "portal.shared.http.problem_response",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_VERSIONING_CLASS": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
API_RATE_PER_CALLER = number("API_RATE_PER_CALLER", 30_000)
"""Requests a minute of one client or one person; 0 for any number."""
API_RATE_PER_PARTY = number("API_RATE_PER_PARTY", 100_000)
TOKEN_RATE_PER_CLIENT = number("TOKEN_RATE_PER_CLIENT", 600)
"""Requests for a token a minute by one client: one lasts an hour."""
TOKEN_REFUSALS_PER_ADDRESS = number("TOKEN_REFUSALS_PER_ADDRESS", 120)
"""Wrong secrets a minute for one client from one address, and for all clients from it that there are not."""
IDEMPOTENCY = "accounts.clients.idempotency.once"
"""What does a repeated request once. A name, so that the foundation imports nothing above it."""
SPECTACULAR_SETTINGS = {
    "TITLE": "Portolan",
    "DESCRIPTION": "Supply chain finance: receivables in, money out, every step explained.",
    "VERSION": "1",
    "SERVERS": [{"url": PUBLIC_URL}],
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.shared.openapi.complete",
    ],
    "ENUM_NAME_OVERRIDES": {
        "PartyStatus": "accounts.parties.models.Party.Status",
        "PartyKind": "accounts.parties.models.Party.Kind",
        "Cadence": "accounts.notices.models.Cadence",
        "VerificationStatus": "accounts.parties.models.BusinessVerification.Status",
        "DocumentOutcome": "accounts.intake.models.Document.Outcome",
        "DocumentKind": "accounts.intake.models.Document.Kind",
        "ReceivableStatus": "financing.receivables.models.Receivable.Status",
        "SupplierNumberStatus": "logistics.orders.models.SupplierNumber.Status",
        "SettlementStatus": "financing.receivables.models.Settlement.Status",
        "SettlementPaymentStatus": "financing.receivables.models.SettlementPayment.Status",
        "InstructionStatus": "financing.banking.models.PaymentInstruction.Status",
        "PolicyStatus": "financing.credit.models.PolicyVersion.Status",
        "PolicyReplayStatus": "financing.credit.models.PolicyReplay.Status",
        "FacilityStatus": "financing.credit.models.Facility.Status",
        "DecisionOutcome": "financing.credit.models.Decision.Outcome",
        "ApplicationStatus": "financing.advances.models.Application.Status",
        "AdvanceStatus": "financing.advances.models.Advance.Status",
    },
}

# ── Being watched ────────────────────────────────────────────────────────────────────────────────────────────────────
METRICS_TOKEN = text("METRICS_TOKEN")
"""Who brings it as a bearer token is told /metrics; without one nobody is, and nothing is counted."""

# ── Logs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
LOG_FORMAT = text("LOG_FORMAT", "text")
LOGGING = logs.config(LOG_FORMAT, text("LOG_LEVEL", "INFO"))
