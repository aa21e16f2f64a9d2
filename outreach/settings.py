"""Settings: every switch is an environment variable with a safe default (12-factor).

`OUTREACH_MODE=production` makes the process refuse to start while a secret is missing.
The switches are listed, with their meaning, in .env.example.
"""

from pathlib import Path

import environ
from csp.constants import SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(env.str("OUTREACH_ENV_FILE", str(BASE_DIR / ".env")))

MODE = env.str("OUTREACH_MODE", "development")
if MODE not in {"development", "production"}:
    raise ImproperlyConfigured(f"OUTREACH_MODE is {MODE!r}; it must be 'development' or 'production'.")
PRODUCTION = MODE == "production"


def secret(name: str, *, in_development: str) -> str:
    """A value that production must be given and development may make up."""
    value = env.str(name, "")
    if not value and PRODUCTION:
        raise ImproperlyConfigured(f"{name} is not set. Production needs it; see .env.example.")
    return value or in_development


# --- Core -----------------------------------------------------------------------------------------------
SECRET_KEY = secret("SECRET_KEY", in_development="development-only-secret-key-never-used-in-production")
DEBUG = env.bool("DEBUG", default=not PRODUCTION)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is not set. Name the hosts this console answers for.")
PUBLIC_URL = env.str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])
DATA_DIR = Path(env.str("OUTREACH_DATA_DIR", str(BASE_DIR / ".data")))
DATA_DIR.mkdir(parents=True, exist_ok=True)

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_celery_beat",
    "csp",
    "outreach.clients",
    "outreach.events",
    "outreach.running",
    "outreach.api",
    "outreach.console",
    "integrations",
    "leads",
    "inbox",
    "campaigns",
    "analytics",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]
ROOT_URLCONF = "outreach.urls"
ASGI_APPLICATION = "outreach.asgi.application"
WSGI_APPLICATION = "outreach.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_USER_MODEL = "clients.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_REDIRECT_URL = "admin:index"
LOGIN_URL = "admin:login"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["outreach.console.formats"]
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

# --- Database -------------------------------------------------------------------------------------------
# SQLite must take its write lock at BEGIN: a deferred transaction that upgrades later fails with
# "database is locked" whatever the timeout.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;",
}


def database() -> dict[str, object]:
    """PostgreSQL from DATABASE_URL, otherwise the embedded SQLite file."""
    url = env.str("DATABASE_URL", "")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "outreach.sqlite3",
            "OPTIONS": SQLITE_OPTIONS,
            "TEST": {"NAME": DATA_DIR / "test-outreach.sqlite3"},
        }
    config = environ.Env.db_url_config(url)
    if config["ENGINE"] == "django.db.backends.sqlite3":
        return {**config, "OPTIONS": SQLITE_OPTIONS}
    if config["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must name PostgreSQL (postgres://…) or SQLite (sqlite:///…).")
    options = dict(config.get("OPTIONS", {}))
    if env.bool("DATABASE_POOL", False):
        options["pool"] = {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", 4)}
    return {**config, "CONN_MAX_AGE": 0, "OPTIONS": options}


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Tasks ----------------------------------------------------------------------------------------------
BROKER_DIR = DATA_DIR / "broker"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "") or "embedded://localhost//"
if CELERY_BROKER_URL.startswith("embedded:"):
    BROKER_DIR.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR),
        "data_folder_out": str(BROKER_DIR),
        "control_folder": str(BROKER_DIR),
        "polling_interval": env.float("CELERY_POLLING_INTERVAL", 0.2),
    }
CELERY_TASK_DEFAULT_QUEUE = env.str("CELERY_QUEUE", "outreach")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# A metronome, not a plan: each entry means "do what is due now", so a lost or doubled tick is harmless.
# A tick that could not be taken up in time expires instead of piling up behind a busy worker.
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 5)}}
    for name, task, seconds in (
        ("carry out due steps", "campaigns.tasks.tick", env.float("TICK_SECONDS", 5)),
        ("process webhook receipts", "integrations.tasks.process_receipts", 5),
        ("read accounts that are due", "integrations.tasks.poll_accounts", 15),
        ("deliver calls to other systems", "integrations.tasks.deliver_calls", 10),
        ("settle what was left in flight", "campaigns.tasks.recover", 30),
        ("start, release and expire", "campaigns.tasks.keep_house", 30),
        ("check account status", "integrations.tasks.refresh_accounts", 900),
        ("count usage anew", "integrations.tasks.recount_usage", 86_400),
    )
}

# --- Provider -------------------------------------------------------------------------------------------
UNIPILE_BASE_URL = secret("UNIPILE_BASE_URL", in_development="http://127.0.0.1:8099")
UNIPILE_API_KEY = secret("UNIPILE_API_KEY", in_development="sandbox")
UNIPILE_WEBHOOK_SECRET = secret("UNIPILE_WEBHOOK_SECRET", in_development="development-webhook-secret")
UNIPILE_TIMEOUT_SECONDS = env.float("UNIPILE_TIMEOUT_SECONDS", 30)
# News from outside comes in at the bottom and takes effect at the top, named like ROOT_URLCONF.
PROVIDER_EVENT_HANDLER = "campaigns.inbound.handle"
WEBHOOK_MAX_BYTES = 5 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = WEBHOOK_MAX_BYTES
# A dispatch that has not been recorded after this long was left by a crash (seconds).
DISPATCH_LEASE_SECONDS = env.int("DISPATCH_LEASE_SECONDS", 300)
# Calls that one task may have in flight: the most that can be in doubt after a crash.
ENGINE_BATCH_SIZE = env.int("ENGINE_BATCH_SIZE", 10)
# A follow-up waits until its account's inbound was read no longer ago than this (minutes).
INBOUND_MAX_AGE_MINUTES = env.int("INBOUND_MAX_AGE_MINUTES", 120)
# How long a pause waits for calls that were confirmed before it to begin; they do not begin later than that (seconds).
STOP_WAITS_SECONDS = env.float("STOP_WAITS_SECONDS", default=5.0)
# How often each account's messages and relations are read, on average; the moment is drawn at random (minutes).
MESSAGES_POLL_MINUTES = env.int("MESSAGES_POLL_MINUTES", 20)
RELATIONS_POLL_MINUTES = env.int("RELATIONS_POLL_MINUTES", 240)

# Calls that sequences make to other systems may go into private networks only where an operator wants it.
OUTBOUND_ALLOW_PRIVATE = env.bool("OUTBOUND_ALLOW_PRIVATE", default=False)

# --- API ------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "outreach.api.document.OutreachSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "outreach.api.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["outreach.api.permissions.MemberOfClient"],
    "DEFAULT_PAGINATION_CLASS": "outreach.api.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "PAGE_SIZE": 50,
}
# --- Security -------------------------------------------------------------------------------------------
# Alpine, which draws the console, evaluates expressions: without 'unsafe-eval' even the login form is dead.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, "'unsafe-eval'"],
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "frame-ancestors": ["'none'"],
    },
}
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", False) else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("SECURE_SSL_REDIRECT", True)

# --- Logs -----------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}},
}

from outreach.api.openapi import SPECTACULAR_SETTINGS  # noqa: E402,F401
from outreach.console.appearance import UNFOLD  # noqa: E402,F401  (needs nothing above, kept last: it is long)
