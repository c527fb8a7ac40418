"""Django settings. What an installation may choose is read and checked in configuration.py."""

import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from mageos_portal.configuration import BUILD_GRACE, ConfigurationError, read_configuration
from mageos_portal.secret_key import generated_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
_configuration = read_configuration(os.environ, BASE_DIR)

PORTAL_PRODUCTION = _configuration.production
DEBUG = _configuration.debug
PORTAL_DATA_DIR = _configuration.data_dir
PORTAL_WORK_DIR = _configuration.work_dir
PORTAL_BUILD_TIMEOUT = _configuration.build_timeout
PORTAL_BASE_URL = _configuration.base_url  # never derived from a request
PORTAL_GIT_HOSTS = _configuration.git_hosts
PORTAL_FETCH_TIMEOUT = _configuration.fetch_timeout
PORTAL_FOLLOW_PRIVATE = _configuration.follow_private
PORTAL_DRIVE_URL = _configuration.docs.drive_url
PORTAL_DRIVE_API_KEY = _configuration.docs.drive_key  # a secret
PORTAL_DRIVE_CREDENTIALS = _configuration.docs.drive_credentials
PORTAL_DRIVE_PRIVATE = _configuration.docs.drive_private
PORTAL_UPLOAD_FILE = _configuration.upload_file  # bytes
PORTAL_UPLOAD_TOTAL = _configuration.upload_total  # bytes
PORTAL_GITHUB_WEBHOOK_SECRETS = _configuration.webhook_secrets
PORTAL_WEBHOOK_DELAY = _configuration.webhook_delay  # seconds
PORTAL_NOTICE_EMAILS = _configuration.notice_emails
PORTAL_NOTICE_DISCORD_WEBHOOK = _configuration.notice_discord
PORTAL_KEEP_LOGS_DAYS = _configuration.keep_logs
PORTAL_KEEP_PLANS_DAYS = _configuration.keep_plans
PORTAL_DOCS_INTERVAL = _configuration.docs.interval  # minutes
PORTAL_LINK_CHECK_HOSTS = _configuration.docs.link_hosts
PORTAL_SIGN_UP = _configuration.sign_up
PORTAL_RETENTION_DAYS = _configuration.retention  # by rule
PORTAL_DISCORD = _configuration.community.discord  # with a secret
PORTAL_DISCORD_LOGIN = _configuration.community.discord_login  # with a secret
PORTAL_GITHUB_ORGANIZATION = _configuration.community.organization
PORTAL_GITHUB_TOKEN = _configuration.community.drift_token  # a secret
PORTAL_METRICS_TOKEN = _configuration.metrics_token
PORTAL_TRUSTED_PROXIES = _configuration.trusted_proxies
PORTAL_SECOND_FACTOR = _configuration.second_factor
PORTAL_CONDUCT_EMAIL = _configuration.conduct.email
PORTAL_AGREEMENT_DAYS = _configuration.conduct.agreement_days

try:
    PORTAL_DATA_DIR.mkdir(mode=0o755 if PORTAL_PRODUCTION else 0o700, parents=True, exist_ok=True)
    SECRET_KEY = _configuration.secret_key or generated_secret_key(PORTAL_DATA_DIR)
except OSError as error:
    raise ConfigurationError([f"PORTAL_DATA_DIR: {error}; name a directory that the portal may write to"]) from error

SECRET_KEY_FALLBACKS = _configuration.old_secret_keys
ALLOWED_HOSTS = _configuration.allowed_hosts
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL]

INSTALLED_APPS = [
    "mageos_portal.apps.PortalConfig",
    "mirror.apps.MirrorConfig",
    "community.apps.CommunityConfig",
    "docs_hub.apps.DocsHubConfig",
    "unfold.apps.BasicAppConfig",
    "mageos_portal.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "unfold.contrib.simple_history",  # before the library, whose templates it replaces
    "simple_history",
    "django_q",
]

MIDDLEWARE = [
    "mageos_portal.middleware.believe_trusted_proxies_only",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mageos_portal.middleware.send_permissions_policy",
    "csp.middleware.CSPMiddleware",
    "mageos_portal.middleware.let_the_admin_run_its_scripts",
    "mageos_portal.middleware.keep_accounts_private",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "mageos_portal.middleware.keep_private_what_depends_on_who_asks",
    "docs_hub.old_addresses.follow_old_addresses",
]

ROOT_URLCONF = "mageos_portal.urls"
WSGI_APPLICATION = "mageos_portal.wsgi.application"

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
                "mageos_portal.context_processors.site",
            ],
        },
    }
]

DATABASES = {"default": _configuration.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Shared by all processes: the queue's heartbeats would be invisible in local memory.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _configuration.cache_url}
    if _configuration.cache_url
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # the default of 300 would drop limits and heartbeats
    }
}

# Ordinary tasks are short. Builds have a cluster of their own: Q_CLUSTER_NAME=builds manage.py qcluster
Q_CLUSTER: dict[str, Any] = {
    "name": "default",
    "label": "Task queue",
    "workers": 2,
    "timeout": 60,
    "retry": 120,
    "max_attempts": 3,
    "ack_failures": True,
    "poll": 1,
    "guard_cycle": 2,
    "save_limit": 100,  # of each schedule, or the frequent ones would push out what the nightly ones said
    "save_limit_per": "group",
    "catch_up": False,
    "ALT_CLUSTERS": {
        "builds": {
            "workers": 1,
            "timeout": _configuration.build_timeout + BUILD_GRACE,
            "retry": _configuration.build_retry,
            "max_attempts": 1,
            "ack_failures": True,
        }
    },
    **(
        {"redis": _configuration.broker_url, "broker_class": "mageos_portal.heartbeat.RedisBroker"}
        if _configuration.broker_url
        else {"orm": "default", "broker_class": "mageos_portal.heartbeat.OrmBroker"}
    ),
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Accounts. Sign-up, login, second factor, password and e-mail pages are django-allauth's.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account_overview"
ACCOUNT_ADAPTER = "mageos_portal.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "mageos_portal.account_forms.LoginForm",
    "request_login_code": "mageos_portal.account_forms.RequestLoginCodeForm",
    "signup": "mageos_portal.account_forms.SignUpForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]  # the form leaves the password out; without it nobody had one
ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD = "website"
ACCOUNT_SIGNUP_REDIRECT_URL = "community:agree"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 900  # seconds; mail may be slow
ACCOUNT_CHANGE_EMAIL = True  # one address, and a new one takes its place once it is confirmed
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Mage-OS portal] "
ACCOUNT_EMAIL_NOTIFICATIONS = True  # whoever changes a password or a factor is told so
ACCOUNT_SESSION_REMEMBER = False  # a session ends with the browser
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "5/h/ip",
    "request_login_code": "20/h/ip,5/h/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 0  # REMOTE_ADDR is the client's already: middleware.believe_trusted_proxies_only
MFA_ADAPTER = "mageos_portal.accounts.SecondFactorAdapter"
MFA_FORMS = {"add_webauthn": "mageos_portal.account_forms.AddPasskeyForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Mage-OS portal"
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds that a clock may be wrong
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PORTAL_BASE_URL.startswith("http://")  # to try: http://localhost

_NO_MAIL_IN_PRODUCTION = "django.core.mail.backends.dummy.EmailBackend"
_MAIL_ON_THE_TERMINAL = "django.core.mail.backends.console.EmailBackend"
_email = _configuration.email or {}
PORTAL_EMAIL_IS_SET = _configuration.email is not None
EMAIL_BACKEND = _email.get("EMAIL_BACKEND", _NO_MAIL_IN_PRODUCTION if PORTAL_PRODUCTION else _MAIL_ON_THE_TERMINAL)
EMAIL_HOST = _email.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _email.get("EMAIL_FILE_PATH") or None
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _configuration.email_from

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Mage-OS portal",
    "SITE_HEADER": "Mage-OS portal",
    "SITE_ICON": "mageos_portal.admin_site.icon",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "mageos_portal.admin_site.icon"}],
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": ["mageos_portal.admin_site.stylesheet"],
    "ENVIRONMENT": "mageos_portal.admin_site.environment",
    "COLORS": {
        "primary": {
            "50": "#fef4ee",
            "100": "#fde6d8",
            "200": "#fac9af",
            "300": "#f7a47c",
            "400": "#f58350",
            "500": "#f26322",
            "600": "#b8420f",
            "700": "#a83a0c",
            "800": "#85300e",
            "900": "#6c290f",
            "950": "#3a1205",
        }
    },
    "SIDEBAR": {"show_search": True, "navigation": "mageos_portal.admin_site.sidebar"},
    "DASHBOARD_CALLBACK": "mageos_portal.dashboard.with_panels",
    "ACCOUNT": {"navigation": "mageos_portal.admin_site.account_links"},
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = _configuration.static_root if PORTAL_PRODUCTION else None
WHITENOISE_USE_FINDERS = not PORTAL_PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 60 if PORTAL_PRODUCTION else 0  # seconds, for names without a hash
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "dists": _configuration.dists,
    "media": {  # copies of pictures, named by what is in them
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PORTAL_DATA_DIR / "media", "base_url": "/media/"},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PORTAL_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PORTAL_PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if PORTAL_PRODUCTION else 0
# Whether other names of the domain speak https is not ours to promise: no includeSubDomains, no preload.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_SSL_REDIRECT = PORTAL_PRODUCTION and bool(PORTAL_TRUSTED_PROXIES)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PORTAL_TRUSTED_PROXIES else None

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"hosts only": {"()": "mageos_portal.discretion.HostsOnly"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": _configuration.log_level},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": _configuration.log_level, "propagate": False},
        # These name the address of every request, and that of a webhook or an invitation is a secret.
        "httpx": {"level": "WARNING", "filters": ["hosts only"]},
        "httpcore": {"level": "WARNING"},
        "django.server": {"handlers": ["stderr"], "level": _configuration.log_level, "propagate": False},
    },
}
