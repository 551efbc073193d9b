"""All settings. The only place that reads the environment; every variable is described in .env.example.

With no variable set this is the embedded default: SQLite, everything else in memory, one process on 127.0.0.1.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management.utils import get_random_secret_key
from django.core.validators import validate_email

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def switch(name: str) -> bool:
    return text(name).lower() in ("1", "true", "yes", "on")


# Where things are

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(text("GUILDHALL_VAR", str(BASE_DIR / "var"))).resolve()
# Nobody else on the machine reads it: sessions and, without a mail server, sign-in codes are in it.
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

SITE_URL = text("GUILDHALL_SITE_URL", "http://127.0.0.1:8000").rstrip("/")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
SITE_IS_HTTPS = urlsplit(SITE_URL).scheme == "https"
if not SITE_HOST or SITE_URL not in (f"{scheme}://{urlsplit(SITE_URL).netloc}" for scheme in ("http", "https")):
    raise ImproperlyConfigured(
        f"GUILDHALL_SITE_URL must be a full origin such as https://guildhall.example.org, not {SITE_URL!r}."
    )

# Where a socket may be opened from. On this machine people type either name.
SITE_ORIGINS = [SITE_URL]
if SITE_HOST in LOOPBACK_HOSTS:
    SITE_ORIGINS = [
        urlsplit(SITE_URL)._replace(netloc=f"{host}:{urlsplit(SITE_URL).port or ''}".rstrip(":")).geturl()
        for host in ("127.0.0.1", "localhost", "[::1]")
    ]

# What kind of running this is

DEMONSTRATION = switch("GUILDHALL_DEMONSTRATION")
DEBUG = switch("GUILDHALL_DEBUG")
if DEMONSTRATION and SITE_HOST not in LOOPBACK_HOSTS:
    raise ImproperlyConfigured(
        "GUILDHALL_DEMONSTRATION shows sign-in codes to everyone, so it works on this machine's own address only. "
        f"Unset it, or set GUILDHALL_SITE_URL to a loopback address; it is {SITE_URL}."
    )
if DEBUG and SITE_HOST not in LOOPBACK_HOSTS:
    raise ImproperlyConfigured(
        "GUILDHALL_DEBUG shows the program's insides with every error, so it works on this machine's own address only. "
        f"Unset it, or set GUILDHALL_SITE_URL to a loopback address; it is {SITE_URL}."
    )

ALLOWED_HOSTS = [*LOOPBACK_HOSTS, "[::1]"] if SITE_HOST in LOOPBACK_HOSTS else [SITE_HOST]
ALLOWED_HOSTS += [host.strip() for host in text("GUILDHALL_OTHER_HOSTS").split(",") if host and not DEMONSTRATION]

# The secret key

KNOWN_SECRETS = ("change-me", "changeme", "secret", "django-insecure")


def kept_key(name: str, make: Callable[[], str]) -> str:
    """A key made on first use and kept in the ignored var/ folder, for nobody else on the machine to read."""
    kept = VAR_DIR / name
    if not kept.exists():
        # Written whole, then linked: of two processes that start together the first wins and neither reads half a key.
        with tempfile.NamedTemporaryFile("w", dir=VAR_DIR) as file:
            file.write(make())
            file.flush()
            with contextlib.suppress(FileExistsError):
                os.link(file.name, kept)
    return kept.read_text().strip()


def secret_key() -> str:
    """The key given, or one made on first use."""
    given = text("GUILDHALL_SECRET_KEY")
    if given:
        if not DEMONSTRATION and (len(given) < 50 or len(set(given)) < 10 or given.startswith(KNOWN_SECRETS)):
            raise ImproperlyConfigured(
                "GUILDHALL_SECRET_KEY is too short or is a published example. Give at least 50 random characters, "
                "or unset it and one is made for you."
            )
        return given
    return kept_key("secret-key", get_random_secret_key)


def encryption_keys() -> list[str]:
    """What the secrets of second factors are encrypted with; the first encrypts, all decrypt. Never in the database,
    so that a copy of it gives nobody a working second factor."""
    given = [key.strip() for key in text("GUILDHALL_ENCRYPTION_KEY").split(",") if key.strip()]
    keys = given or [kept_key("encryption-key", lambda: Fernet.generate_key().decode())]
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                "GUILDHALL_ENCRYPTION_KEY must be 32 random bytes in URL-safe base64, several of them separated by "
                "commas. Make one with: python3 -c 'import base64, os; "
                "print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
            ) from None
    return keys


SECRET_KEY = secret_key()
ENCRYPTION_KEYS = encryption_keys()

# Packages, in the order of the storeys

INSTALLED_APPS = [
    "daphne",
    "cms",
    "forums",
    "network",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.sites",
    "cms.apps.HubUsersConfig",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "channels",
    "csp",
    "django_tasks",
    "django_tasks_db",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "network.middleware.LegibleAddressMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "network.middleware.PrivatePagesMiddleware",
    "network.middleware.SessionTimesMiddleware",
    "network.middleware.StandingMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "network.middleware.SecondFactorMiddleware",
    "network.middleware.LimitsMiddleware",
    "network.middleware.GroundRulesMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]

ROOT_URLCONF = "network.urls"
ASGI_APPLICATION = "network.asgi.application"

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
                "network.templatetags.site.site",
            ],
        },
    }
]

FORM_RENDERER = "network.forms.renderer.KeepingRenderer"

# Database, cache, channel layer

DATABASE_URL = text("DATABASE_URL")
REDIS_URL = text("REDIS_URL")
ONE_PROCESS_LOCK: Path | None

if DATABASE_URL:
    DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "guildhall.sqlite3")}}

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"] |= {
        # IMMEDIATE takes the write lock at BEGIN: what is read inside a transaction is what is written upon.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
        },
        # A file, not memory: the journal mode and the locks are those of the real thing.
        "TEST": {"NAME": VAR_DIR / "test.sqlite3"},
    }
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    options: dict[str, Any] = DATABASES["default"].setdefault("OPTIONS", {})
    options["pool"] = {"min_size": 0, "max_size": 20, "timeout": 10}
    # Queries that are asked to be kept ready for a connection are (network.models.prepared), and no others.
    options["prepare_threshold"] = 0
    # Compiling a query takes longer than any of ours runs: 150 ms for a list of unread threads (measured). And those
    # that are kept ready are planned once, whoever asks: planning took several times as long as answering.
    planning = "-c jit=off -c plan_cache_mode=force_generic_plan"
    options["options"] = f"{planning} {options.get('options', '')}".strip()  # what DATABASE_URL says goes before
else:
    raise ImproperlyConfigured("DATABASE_URL must name PostgreSQL (postgres://...) or SQLite (sqlite:///...).")

if REDIS_URL:
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            # Publishing in Redis knows no database numbers: without the number two sites would hear each other.
            "CONFIG": {"hosts": [REDIS_URL], "prefix": f"guildhall:{urlsplit(REDIS_URL).path.strip('/') or 0}"},
        }
    }
    CACHES: dict[str, Any] = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            # In seconds. What is in the cache is never worth waiting for.
            "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
        }
    }
    ONE_PROCESS_LOCK = None
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # Rate limits live here: a small cache would forget them.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }
    # In one process's memory, so there may be only one: whoever serves holds this file (network.checks).
    ONE_PROCESS_LOCK = VAR_DIR / "one-process.lock"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# A socket's frame and message, in bytes: memory is spent before any of our code sees them.
SOCKET_MAX_BYTES = 16 * 1024
# `runserver` sends no larger ones than it takes; ours to the browser are larger, and it is for development.
DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE = DAPHNE_WEBSOCKET_MAX_FRAME_SIZE = 64 * 1024

# Work done later. Wagtail's own indexing stays immediate; ours waits in the database for the worker.

TASKS = {
    "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"},
    "worker": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]},
}

# People and signing in

AUTH_USER_MODEL = "network.Member"
AUTHENTICATION_BACKENDS = ["network.adapters.MemberBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_request_login_code"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "network.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
# Known and unknown addresses get the same answer; the mail says which it was.
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = ACCOUNT_LOGIN_BY_CODE_ENABLED = True
# Six of twenty letters, none of them a vowel: 64 million codes, and five guesses at each.
ALLAUTH_USER_CODE_FORMAT = {"length": 6, "dashed": True}
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
# How long a sign-in, or another proof of who they are, is enough to change how they sign in. In seconds.
CONFIRMATION_LASTS = 15 * 60
# Nobody's mailbox is to be filled by a stranger, and no stranger may use up what lets its owner sign in: codes for one
# mailbox are counted apart for each address they are asked from ("code_for_mailbox"), and loosely for all together.
# That loose count is what remains: whoever asks from three addresses can keep one member out for an hour at a time.
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "20/m/ip,30/h/key",
    "code_for_mailbox": "3/m/key,12/h/key",
    "confirm_email": "1/10s/key,30/h/key",
    # Wrong passwords, and wrong codes of an app: by account, and by the place they come from, where a whole council may
    # sit. A stranger can use up an account's; its owner still signs in with a code from the mail.
    "login_failed": "20/m/ip,5/5m/key,50/d/key",
    "reauthenticate": "20/m/user,60/h/user",
}
# Limits per address need the visitor's own, which a proxy hands on.
PROXIES = text("GUILDHALL_PROXIES", "1" if SITE_IS_HTTPS else "0")
if not PROXIES.isdecimal():
    raise ImproperlyConfigured(f"GUILDHALL_PROXIES is how many proxies stand before this site, not {PROXIES!r}.")
ALLAUTH_TRUSTED_PROXY_COUNT = int(PROXIES)

# Second factors and passkeys

MFA_ADAPTER = "network.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# A passkey stands for two factors: the device, and the finger, face or PIN that unlocks it.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Guildhall"
MFA_TOTP_PERIOD = 30  # seconds
# A code is taken for half a minute before and after its own, for clocks differ and people type slowly.
MFA_TOTP_TOLERANCE = 1
MFA_RATE_LIMITS = {"webauthn_login": "20/m/ip", "webauthn_begin": "60/m/ip"}

# Sessions. Each ends when it was not used for a while, and at last however much it is used.


def duration(name: str, default: timedelta, **unit: int) -> timedelta:
    """Of a variable that holds a whole number of the unit: `duration("X", default, hours=1)`."""
    given = text(name)
    if not given:
        return default
    if not given.isdecimal() or int(given) == 0:
        raise ImproperlyConfigured(f"{name} must be a whole number of {next(iter(unit))}, not {given!r}.")
    return int(given) * timedelta(**unit)


SESSION_ENGINE = "network.sessions"
# Officers look in once a week or two: signing in each time would be most of the ten minutes they have.
MEMBER_SESSION_IDLE = duration("GUILDHALL_MEMBER_SESSION_IDLE_DAYS", timedelta(days=14), days=1)
MEMBER_SESSION_LONGEST = duration("GUILDHALL_MEMBER_SESSION_LONGEST_DAYS", timedelta(days=30), days=1)
# Whoever holds an office can change what everybody reads. The lengths are those of NIST SP 800-63B for two factors, and
# a working day; an hour, so that a long page can be written without saving.
STAFF_SESSION_IDLE = duration("GUILDHALL_STAFF_SESSION_IDLE_MINUTES", timedelta(minutes=60), minutes=1)
STAFF_SESSION_LONGEST = duration("GUILDHALL_STAFF_SESSION_LONGEST_HOURS", timedelta(hours=12), hours=1)
# A second factor shown is shown for this long, also in the longer session of a facilitator.
SECOND_FACTOR_LASTS = STAFF_SESSION_LONGEST
# That a session was used is written down at most this often, so one may end that much earlier than it says.
SESSION_USE_NOTED_EVERY = timedelta(minutes=5)
# The cookie never outlives the longest session; how long the session itself lives is the server's (network.sessions).
SESSION_COOKIE_AGE = 60 * 60  # before anybody has signed in: a code asked for, and the way back to a page
# How long after a mailbox was proved its owner is asked to do so again.
MONTHS = text("GUILDHALL_REPROVE_MONTHS", "12")
if not MONTHS.isdecimal():
    raise ImproperlyConfigured(f"GUILDHALL_REPROVE_MONTHS is a number of months, or 0 for never, not {MONTHS!r}.")
REPROVE_MONTHS = int(MONTHS)

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
# Set when somebody signs in, and read then only: a mail tells them of a browser that does not have it.
BROWSER_COOKIE_NAME = "browser"
CSRF_FAILURE_VIEW = "network.views.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
# Messages travel in the session of somebody signed in; the cookie store would give an anonymous visitor a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Mail

MAIL_URL = urlsplit(text("GUILDHALL_MAIL_URL"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = text("GUILDHALL_MAIL_FROM", "Guildhall <guildhall@example.org>")
if MAIL_URL.scheme in ("smtp", "smtps", "smtp+tls"):
    EMAIL_BACKEND = "network.delivery.smtp.EmailBackend"
    EMAIL_HOST = MAIL_URL.hostname or "localhost"
    EMAIL_PORT = MAIL_URL.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[MAIL_URL.scheme]
    EMAIL_HOST_USER = unquote(MAIL_URL.username or "")
    EMAIL_HOST_PASSWORD = unquote(MAIL_URL.password or "")
    EMAIL_USE_SSL = MAIL_URL.scheme == "smtps"
    EMAIL_USE_TLS = MAIL_URL.scheme == "smtp+tls"
    EMAIL_TIMEOUT = 20
elif MAIL_URL.scheme:
    raise ImproperlyConfigured("GUILDHALL_MAIL_URL must start with smtp://, smtp+tls:// or smtps://.")
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"

# GOV.UK Notify instead of a mail server.
NOTIFY_API_KEY = text("GUILDHALL_NOTIFY_API_KEY")
NOTIFY_TEMPLATE = text("GUILDHALL_NOTIFY_TEMPLATE")
NOTIFY_CALLBACK_TOKEN = text("GUILDHALL_NOTIFY_CALLBACK_TOKEN")
NOTIFY_ADDRESS = text("GUILDHALL_NOTIFY_ADDRESS", "https://api.notifications.service.gov.uk")
if NOTIFY_API_KEY:
    if MAIL_URL.scheme:
        raise ImproperlyConfigured("Set GUILDHALL_MAIL_URL or GUILDHALL_NOTIFY_API_KEY, not both: mail goes one way.")
    if not re.fullmatch(r".+-[0-9a-f-]{36}-[0-9a-f-]{36}", NOTIFY_API_KEY):
        raise ImproperlyConfigured("GUILDHALL_NOTIFY_API_KEY is not a whole key of GOV.UK Notify: copy it again.")
    if not NOTIFY_TEMPLATE:
        raise ImproperlyConfigured("GUILDHALL_NOTIFY_TEMPLATE must be the number of your template at GOV.UK Notify.")
    EMAIL_BACKEND = "network.delivery.notify.EmailBackend"
if NOTIFY_CALLBACK_TOKEN and len(NOTIFY_CALLBACK_TOKEN) < 20:
    raise ImproperlyConfigured("GUILDHALL_NOTIFY_CALLBACK_TOKEN must be at least 20 random characters.")

# How many mails may go in an hour, codes and mail about accounts apart: a server's limit, or a brake on a mistake.
MAIL_PER_HOUR_GIVEN = text("GUILDHALL_MAIL_PER_HOUR", "0")
if not MAIL_PER_HOUR_GIVEN.isdecimal():
    raise ImproperlyConfigured(
        f"GUILDHALL_MAIL_PER_HOUR is a number of mails, or 0 for no limit, not {MAIL_PER_HOUR_GIVEN!r}."
    )
MAIL_PER_HOUR = int(MAIL_PER_HOUR_GIVEN)
# Where members may answer a mail about a thread. Empty: nowhere, they answer on the site. A mail's own address is made
# of it, by a signed mark after a plus; before the @ stand at most 64 characters.
REPLY_ADDRESS = text("GUILDHALL_REPLY_ADDRESS").lower()
if REPLY_ADDRESS:
    try:
        validate_email(REPLY_ADDRESS)
        fits = len(REPLY_ADDRESS.partition("@")[0]) <= 12 and "+" not in REPLY_ADDRESS and REPLY_ADDRESS.isascii()
    except ValidationError:
        fits = False
    if not fits:
        raise ImproperlyConfigured(
            "GUILDHALL_REPLY_ADDRESS must be an email address such as reply@guildhall.example.org, with at most 12 "
            f"characters before the @ and no plus, not {REPLY_ADDRESS!r}."
        )
# An announcement that mails more people than this at once needs a second person. 0: never.
given = text("GUILDHALL_ANNOUNCEMENT_CONFIRM_OVER", "100")
if not given.isdecimal():
    raise ImproperlyConfigured(
        f"GUILDHALL_ANNOUNCEMENT_CONFIRM_OVER is a number of people, or 0 for never, not {given!r}."
    )
ANNOUNCEMENT_CONFIRM_OVER = int(given)

# Where people write to when they need a person. Empty: nobody has said yet.
CONTACT = text("GUILDHALL_CONTACT", "contact@example.org" if DEMONSTRATION else "")
if CONTACT:
    try:
        validate_email(CONTACT)
    except ValidationError:
        raise ImproperlyConfigured(
            f"GUILDHALL_CONTACT must be an email address such as hub@example.org, not {CONTACT!r}."
        ) from None

# Language and time

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = True
USE_TZ = True

# Files

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
FRONT_END_DIR = BASE_DIR / "var" / "front-end"  # what `npm run build` makes; beside the sources, whatever VAR_DIR is
STATICFILES_DIRS = [FRONT_END_DIR] if FRONT_END_DIR.is_dir() else []
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
PRIVATE_ROOT = VAR_DIR / "private"  # files that no address leads to: views serve them to those who may see them
# `collectstatic` makes copies with hashed names, and once they are there, they are served; until then, and always in
# the demonstration, the sources.
STATIC_IS_COLLECTED = sys.argv[1:2] == ["collectstatic"] or (
    not DEMONSTRATION and (STATIC_ROOT / "staticfiles.json").is_file()
)
WHITENOISE_USE_FINDERS = not STATIC_IS_COLLECTED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "network.storage.HashedStaticFiles"
        if STATIC_IS_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Five files of 10 MB with a post, and the words of the form. What is larger is refused before any of it is kept.
MOST_BYTES_SENT = 60 * 1024 * 1024

# ClamAV's daemon, which looks at files with posts before anybody gets them. Empty: nobody looks.
CLAMD = text("GUILDHALL_CLAMD")
if CLAMD and not (
    (urlsplit(CLAMD).scheme == "unix" and urlsplit(CLAMD).path.startswith("/"))
    or (urlsplit(CLAMD).scheme == "tcp" and urlsplit(CLAMD).hostname)
):
    raise ImproperlyConfigured(
        "GUILDHALL_CLAMD must be unix:///run/clamav/clamd.ctl or tcp://127.0.0.1:3310, with your path or address, "
        f"not {CLAMD!r}."
    )

# Safety of what the browser is told

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = SITE_IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/$"]  # asked from inside, without https
SECURE_HSTS_SECONDS = 31_536_000 if SITE_IS_HTTPS else 0
if SITE_IS_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "SAMEORIGIN"  # Wagtail shows previews in a frame
# Of `check --deploy`: what other names under the domain do is not ours to promise (W005, W021); the line above (W019).
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W019", "security.W021"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
        "base-uri": [NONE],
    }
}

# Wagtail

WAGTAIL_SITE_NAME = "Guildhall"
WAGTAILADMIN_BASE_URL = SITE_URL
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database", "SEARCH_CONFIG": "english"}}
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
# An address is proved and a password is set on our own account pages, never in the editors' admin.
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAILUSERS_PASSWORD_ENABLED = False
WAGTAIL_FRONTEND_LOGIN_URL = LOGIN_URL
# A shared password is a secret of nobody, and asking for it would give an anonymous visitor a cookie.
WAGTAIL_PRIVATE_PAGE_OPTIONS = {"SHARED_PASSWORD": False}
WAGTAILDOCS_PRIVATE_COLLECTION_OPTIONS = {"SHARED_PASSWORD": False}
# Documents pass a view that asks who may read them; what a browser might run is not taken.
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILDOCS_EXTENSIONS = ["csv", "docx", "odp", "ods", "odt", "pdf", "pptx", "txt", "xlsx"]
WAGTAILEMBEDS_FINDERS: list[str] = []  # nothing is fetched from elsewhere
WAGTAIL_ALLOW_UNICODE_SLUGS = False
# Times of events are London time for every editor.
WAGTAIL_USER_TIME_ZONES = [TIME_ZONE]
WAGTAILADMIN_PERMITTED_LANGUAGES = [("en", "English")]
TAGGIT_CASE_INSENSITIVE = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"secrets": {"()": "network.logs.SecretsCut"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    # These write what was asked for, and have handlers of their own besides.
    "loggers": {name: {"filters": ["secrets"]} for name in ("django.request", "django.server", "uvicorn.access")},
    "root": {"handlers": ["console"], "level": text("GUILDHALL_LOG_LEVEL", "WARNING")},
}
