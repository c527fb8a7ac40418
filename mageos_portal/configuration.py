"""What the environment says about this installation, checked as a whole.

Every variable has a default that runs. Bad values are collected and refused together, each by its name.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from mageos_portal.community_configuration import CommunityConfiguration, read_community
from mageos_portal.conduct_configuration import ConductConfiguration, read_conduct
from mageos_portal.docs_configuration import DocsConfiguration, read_docs
from mageos_portal.mail import mail_address, mail_addresses, mail_domain, mail_server
from mageos_portal.retention_configuration import read_retention
from mageos_portal.variables import Reader, boolean, host_names

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
SHORTEST_SECRET_KEY = 50  # what `check --deploy` calls long enough
SHORTEST_WEBHOOK_SECRET = 16  # characters
MOST_WEBHOOK_SECRETS = 2  # the one in use and, while it is being changed, the next one
MOST_DAYS = 36_500
SHORTEST_TOKEN = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]+")
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
BUILD_GRACE = 60  # seconds that a build gets to end after its time is over, before the queue ends its worker
SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
DATABASE_EXAMPLES = "postgresql://USER:PASSWORD@HOST:5432/NAME or sqlite:////absolute/path.sqlite3"


class ConfigurationError(ImproperlyConfigured):
    """The environment cannot be used; nothing was started."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        listed = "".join(f"\n  {fault}" for fault in faults)
        super().__init__(f"The portal cannot start with these environment variables:{listed}")


@dataclass(frozen=True, slots=True)
class Configuration:
    """The checked values of the environment."""

    production: bool
    debug: bool
    secret_key: str | None  # None: use the one generated in the data directory
    old_secret_keys: list[str]  # still read what they signed and encrypted
    data_dir: Path
    work_dir: Path | None  # this machine's clones and locks; None: the data directory
    static_root: Path
    database: dict[str, Any]  # a Django DATABASES entry
    base_url: str  # "https://host[:port]", no final slash
    allowed_hosts: list[str]
    trusted_proxies: tuple[Network, ...]
    broker_url: str | None  # None: the queue lives in the database
    cache_url: str | None  # None: the cache lives in the database
    build_timeout: int  # seconds
    build_retry: int  # seconds
    git_hosts: frozenset[str]  # where sources may be fetched from
    fetch_timeout: int  # seconds, for one source
    follow_private: bool  # whether a mirror to follow may be in a network of our own
    docs: DocsConfiguration
    upload_file: int  # bytes of one archive that staff upload
    upload_total: int  # bytes of all that they upload at once
    webhook_secrets: tuple[str, ...]  # GitHub signs with one of them; none: its webhooks are not taken
    webhook_delay: int  # seconds between a push and its build, in case more is pushed
    notice_emails: tuple[str, ...]
    notice_discord: str | None  # address of a Discord webhook, a secret
    keep_logs: int  # days
    keep_plans: int  # days
    metrics_token: str | None  # None: nobody may read the metrics
    log_level: str
    sign_up: bool  # whether anybody may have an account
    second_factor: bool  # whether staff need one
    email: dict[str, Any] | None  # Django's EMAIL_ settings; None: nobody said how mail leaves
    email_from: str
    dists: dict[str, Any]  # a Django STORAGES entry
    community: CommunityConfiguration
    conduct: ConductConfiguration
    retention: Mapping[str, int]  # days, by rule


def read_configuration(environment: Mapping[str, str], root: Path) -> Configuration:
    """Read the environment; relative paths start at `root`. Raises: ConfigurationError with every fault."""
    reader = Reader(environment)
    production = reader.read("PORTAL_ENV", "development", _choice("development", "production")) == "production"
    data_dir = reader.read("PORTAL_DATA_DIR", "var", _path_below(root))
    base_url = reader.read("PORTAL_BASE_URL", "http://127.0.0.1:8000", _base_url)
    configuration = Configuration(
        production=production,
        debug=reader.read("PORTAL_DEBUG", "false", boolean),
        secret_key=reader.read("PORTAL_SECRET_KEY", "", _text) or None,
        old_secret_keys=reader.read("PORTAL_OLD_SECRET_KEYS", "", str.split),
        data_dir=data_dir,
        work_dir=reader.read("PORTAL_WORK_DIR", "", _optional_path_below(root)),
        static_root=reader.read("PORTAL_STATIC_ROOT", "staticfiles", _path_below(root)),
        database=reader.read("DATABASE_URL", f"sqlite:///{data_dir}/portal.sqlite3", _database_below(root)),
        base_url=base_url,
        allowed_hosts=reader.read("PORTAL_ALLOWED_HOSTS", "", _words) + _own_hosts(base_url),
        trusted_proxies=reader.read("PORTAL_TRUSTED_PROXIES", "", _networks),
        broker_url=reader.read("Q_BROKER_URL", "", _redis_url) or None,
        cache_url=reader.read("PORTAL_CACHE_URL", "", _redis_url) or None,
        build_timeout=reader.read("PORTAL_BUILD_TIMEOUT", "14400", _seconds),
        build_retry=reader.read("PORTAL_BUILD_RETRY", "18000", _seconds),
        git_hosts=reader.read("PORTAL_GIT_HOSTS", "github.com", host_names),
        fetch_timeout=reader.read("PORTAL_FETCH_TIMEOUT", "1800", _seconds),
        follow_private=reader.read("PORTAL_FOLLOW_PRIVATE", "false", boolean),
        docs=read_docs(reader, root),
        upload_file=reader.read("PORTAL_UPLOAD_FILE_MEGABYTES", "256", _megabytes),
        upload_total=reader.read("PORTAL_UPLOAD_TOTAL_MEGABYTES", "1024", _megabytes),
        webhook_secrets=reader.read("PORTAL_GITHUB_WEBHOOK_SECRETS", "", _webhook_secrets),
        webhook_delay=reader.read("PORTAL_WEBHOOK_DELAY", "120", _seconds),
        notice_emails=reader.read("PORTAL_NOTICE_EMAILS", "", mail_addresses),
        notice_discord=reader.read("PORTAL_NOTICE_DISCORD_WEBHOOK", "", _secret_address) or None,
        keep_logs=reader.read("PORTAL_KEEP_LOGS_DAYS", "90", _days),
        keep_plans=reader.read("PORTAL_KEEP_PLANS_DAYS", "7", _days),
        metrics_token=reader.read("PORTAL_METRICS_TOKEN", "", _token) or None,
        log_level=reader.read("PORTAL_LOG_LEVEL", "INFO", _choice(*LOG_LEVELS)),
        sign_up=reader.read("PORTAL_SIGN_UP", "on", boolean),
        second_factor=reader.read("PORTAL_SECOND_FACTOR", "on", boolean),
        email=reader.read("PORTAL_EMAIL_URL", "", mail_server),
        email_from=reader.read("PORTAL_EMAIL_FROM", f"portal@{mail_domain(base_url)}", mail_address),
        dists=_dist_storage(reader, data_dir),
        community=read_community(reader),
        conduct=read_conduct(reader, base_url),
        retention=read_retention(reader),
    )
    if faults := _conflicts(configuration) | reader.faults:
        raise ConfigurationError([f"{name}: {fault}" for name, fault in faults.items()])
    return configuration


def base_url_fault(url: str) -> str | None:
    """Say what keeps `url` from being the address of a site, or None."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return f"{url!r} is no address ({error})"
    if parts.username is not None:
        return "it contains a user name, which every visitor would see"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"{url!r} is not absolute"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return f"{url!r} has a path, a query or a fragment"
    return None


def is_loopback(url: str) -> bool:
    """Say whether `url` names this machine only."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _conflicts(configuration: Configuration) -> dict[str, str]:
    """Name the variables whose values do not go with the others, and why."""
    faults = _unfit_for_production(configuration) if configuration.production else {}
    if configuration.build_timeout + BUILD_GRACE >= configuration.build_retry:
        faults["PORTAL_BUILD_RETRY"] = (
            f"{configuration.build_retry} seconds is not {BUILD_GRACE} more than PORTAL_BUILD_TIMEOUT "
            f"({configuration.build_timeout}), so a running build would be started twice; make it larger"
        )
    if configuration.upload_file > configuration.upload_total:
        faults["PORTAL_UPLOAD_FILE_MEGABYTES"] = (
            f"{configuration.upload_file >> 20} is more than PORTAL_UPLOAD_TOTAL_MEGABYTES "
            f"({configuration.upload_total >> 20}), so no such file would be taken; make it smaller"
        )
    if not configuration.second_factor and not configuration.debug:
        faults["PORTAL_SECOND_FACTOR"] = (
            "is off without PORTAL_DEBUG=true, so a password alone would open the admin; take the variable out"
        )
    return faults


def _unfit_for_production(configuration: Configuration) -> dict[str, str]:
    faults = {}
    if configuration.debug:
        faults["PORTAL_DEBUG"] = "is on in production, which shows code and settings to visitors; set it to false"
    if configuration.secret_key is None or len(configuration.secret_key) < SHORTEST_SECRET_KEY:
        faults["PORTAL_SECRET_KEY"] = (
            f"production needs one of at least {SHORTEST_SECRET_KEY} random characters; "
            "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    if not configuration.base_url.startswith("https://"):
        faults["PORTAL_BASE_URL"] = (
            f"{configuration.base_url!r} is not https, which production needs; write https://HOST"
        )
    return faults


def _dist_storage(reader: Reader, data_dir: Path) -> dict[str, Any]:
    """Keep dists in a bucket if one is named, else below the data directory; `mirror` knows both."""
    bucket = reader.read("PORTAL_S3_BUCKET", "", _bucket_name)
    endpoint = reader.read("PORTAL_S3_ENDPOINT", "", _web_address)
    public_url = reader.read("PORTAL_S3_PUBLIC_URL", "", _web_address)
    streams = reader.read("PORTAL_S3_SERVE", "redirect", _choice("redirect", "stream")) == "stream"
    if not bucket:
        for name in [name for name, value in (("ENDPOINT", endpoint), ("PUBLIC_URL", public_url)) if value]:
            reader.faults[f"PORTAL_S3_{name}"] = "it is of no use without PORTAL_S3_BUCKET; set that, or leave this out"
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": data_dir / "distributions"},
        }
    if find_spec("storages") is None or find_spec("boto3") is None:
        reader.faults["PORTAL_S3_BUCKET"] = "it needs django-storages; run pip install -r requirements-s3.txt"
    options = {"bucket_name": bucket, "public_url": public_url, "streams": streams}
    return {"BACKEND": "mirror.bucket.Bucket", "OPTIONS": options | ({"endpoint_url": endpoint} if endpoint else {})}


def _bucket_name(value: str) -> str:
    if value and not BUCKET_NAME.fullmatch(value):
        raise ValueError(f"{value!r} is no name of a bucket; write 3 to 63 small letters, digits, dots and hyphens")
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username):
        raise ValueError("it is no address; write https://HOST, without a login: that is AWS_ACCESS_KEY_ID")
    return value.rstrip("/")


def _text(value: str) -> str:
    return value


def _token(value: str) -> str:
    """Take what fits into a header and cannot be guessed; it is never repeated in an error."""
    if value and (len(value) < SHORTEST_TOKEN or not TOKEN.fullmatch(value)):
        raise ValueError(
            f"it is not at least {SHORTEST_TOKEN} letters, digits, - and _; "
            "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return value


def _words(value: str) -> list[str]:
    return [word for word in value.replace(",", " ").split() if word]


def _seconds(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise ValueError(f"{value!r} is not a number of seconds; write a whole number above 0, such as 14400")
    return int(value)


def _megabytes(value: str) -> int:
    """Give bytes."""
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise ValueError(f"{value!r} is not a number of megabytes; write a whole number above 0, such as 256")
    return int(value) << 20


def _days(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 0 < int(value[:9]) <= MOST_DAYS:
        raise ValueError(f"{value!r} is not a number of days; write a whole number above 0, such as 90")
    return int(value)


def _webhook_secrets(value: str) -> tuple[str, ...]:
    secrets = tuple(_words(value))
    if len(secrets) > MOST_WEBHOOK_SECRETS:
        raise ValueError(f"it holds {len(secrets)} secrets; write one, or the old and the new one while you change it")
    if any(len(secret) < SHORTEST_WEBHOOK_SECRET for secret in secrets):
        raise ValueError(
            f"a secret has fewer than {SHORTEST_WEBHOOK_SECRET} characters; "
            "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return secrets


def _secret_address(value: str) -> str:
    """Check an address whose path is a secret, so that no fault may repeat it."""
    fault = "it is no https address; copy it from Discord: channel, Integrations, Webhooks, Copy Webhook URL"
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError(fault) from error
    if value and (parts.scheme != "https" or not parts.hostname or parts.username is not None):
        raise ValueError(fault)
    return value


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is unknown; write one of: {', '.join(choices)}")
        return value

    return parse


def _path_below(root: Path) -> Callable[[str], Path]:
    def parse(value: str) -> Path:
        path = root / Path(value).expanduser()
        if path.exists() and not path.is_dir():
            raise ValueError(f"{value!r} is not a directory; name one, or a place where one can be made")
        return path

    return parse


def _optional_path_below(root: Path) -> Callable[[str], Path | None]:
    parse = _path_below(root)
    return lambda value: parse(value) if value else None


def _base_url(value: str) -> str:
    fault = base_url_fault(value)
    if fault:
        raise ValueError(f"{fault}; write scheme and host only, such as https://repo.example.org")
    return value.rstrip("/")


def _own_hosts(base_url: str) -> list[str]:
    """Name the hosts that always work: the site's own, and this machine's for health probes."""
    host = urlsplit(base_url).hostname or ""
    own = f"[{host}]" if ":" in host else host
    return [*dict.fromkeys((own, *LOOPBACK_NAMES))]


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(word) for word in _words(value))
    except ValueError as error:
        raise ValueError(f"{error}; write addresses or networks of proxies, such as 10.0.0.0/8") from error


def _redis_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"redis", "rediss", "unix"} or not (parts.hostname or parts.path)):
        raise ValueError("it is no redis address; write redis://HOST:6379/0, or leave it out to use the database")
    return value


def _database_below(root: Path) -> Callable[[str], dict[str, Any]]:
    def parse(value: str) -> dict[str, Any]:
        try:
            database: dict[str, Any] = dict(environ.Env.db_url_config(value))
        except Exception as error:  # the library raises whatever its parsing met
            raise ValueError(f"it is no database address; write {DATABASE_EXAMPLES}") from error
        if database.get("ENGINE") == SQLITE:
            return database | _sqlite_options(root, database["NAME"])
        if database.get("ENGINE") == POSTGRESQL and database.get("NAME"):
            return database | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
        raise ValueError(f"only PostgreSQL and SQLite are supported; write {DATABASE_EXAMPLES}")

    return parse


def _sqlite_options(root: Path, name: str) -> dict[str, Any]:
    """Let readers and one writer work at once, and make a second writer wait instead of fail."""
    return {
        "NAME": name if name == ":memory:" else str(root / name),
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
        },
    }
