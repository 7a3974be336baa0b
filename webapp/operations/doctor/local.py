"""What the settings and the database tell by themselves: quick, and asks nobody outside."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from peewee import PeeweeException

from webapp import catalogue
from webapp.base import legal, private_files
from webapp.base.config import Config, ConfigError, secret_files, unknown_names
from webapp.base.setting_types import is_loopback
from webapp.catalogue import TELEGRAM_PAYS_USD
from webapp.esims import callbacks
from webapp.models import Plan, db
from webapp.operations.doctor.findings import Finding, finding
from webapp.state import leases, processes

WEBHOOK_PORTS = {443, 80, 88, 8443}
EXAMPLES = 3

Check = Callable[[Config], Iterator[Finding]]


def check_local(config: Config) -> list[Finding]:
    """Run all local checks; skip those that need the database when it is down (`database_away` says so)."""
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found += check(config)
        except PeeweeException:
            continue
    return found


def _database(_config: Config) -> Iterator[Finding]:
    try:
        missing = db.pending_migrations()
    except PeeweeException as error:
        yield finding("database_away", error=str(error).splitlines()[0])
    else:
        yield finding("migrations_missing", count=len(missing)) if missing else finding("database_well")


def _scheduler(config: Config) -> Iterator[Finding]:
    alive = leases.seen_within(2 * config.lease_s)
    yield finding("scheduler_alive" if alive else "scheduler_missing")


def _settings(_config: Config) -> Iterator[Finding]:
    """Is what the file says now what the shop runs with?"""
    try:
        written, unknown = Config.read(), unknown_names()
    except ConfigError as error:
        yield finding("settings_unreadable", error=error)
        return
    if unknown:
        yield finding("settings_unknown", names=", ".join(unknown))
    for process in processes.outdated(written):
        told = {"process": process.kind, "host": process.host, "at": f"{process.started_at:%Y-%m-%d %H:%M}"}
        yield finding("settings_outdated", **told, names=", ".join(process.settings))


def _files(config: Config) -> Iterator[Finding]:
    """Secrets and the database are for the shop's own user: may the machine's others read them?"""
    try:
        files = secret_files()
    except ConfigError:
        return  # _settings tells
    if config.database_url.startswith("sqlite:///"):
        database = config.database_url.removeprefix("sqlite:///")
        files += [Path(f"{database}{suffix}") for suffix in ("", "-wal", "-shm")]
    exposed = [str(path) for path in files if private_files.is_open_to_others(path)]
    if exposed:
        yield finding("files_open", files=" ".join(exposed))


def _public_url(config: Config) -> Iterator[Finding]:
    parts = urlsplit(config.public_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if is_loopback(config.public_url):
        played = is_loopback(config.esimgo_api_url)
        yield finding("play_shop" if played else "public_url_is_here", url=config.public_url)
    elif port not in WEBHOOK_PORTS or parts.path:
        yield finding("public_url_unfit", url=config.public_url)
    elif config.trusted_proxies == 0:
        yield finding("proxy_not_trusted")


def _stars(config: Config) -> Iterator[Finding]:
    """Every plan on sale, at what Telegram really pays for a Star."""
    brings = int(TELEGRAM_PAYS_USD * 1000)
    bundle = Plan.bundle.rel_model
    sold = Plan.select(Plan.plan_id).join(bundle).where(Plan.available)
    losing = sold.where(Plan.stars * brings < bundle.wholesale).order_by(Plan.plan_id)
    if count := losing.count():
        named = ", ".join(plan.plan_id for plan in losing.limit(EXAMPLES))
        yield finding("plans_lose_money", count=count, plans=named)
    elif config.star_usd > TELEGRAM_PAYS_USD:
        yield finding("star_too_dear", star=config.star_usd, real=TELEGRAM_PAYS_USD)
    else:
        yield finding("prices_cover_costs")


def _catalogue(_config: Config) -> Iterator[Finding]:
    state = catalogue.state()
    if state.synced_at is None or not state.plans:
        yield finding("catalogue_empty")
    elif state.held is not None:
        yield finding("catalogue_held", missing=state.held["missing"])
    else:
        yield finding("catalogue_read", plans=state.plans, places=state.places)


def _callbacks(config: Config) -> Iterator[Finding]:
    check = callbacks.self_check(config)
    if check.address is not None and not check.address_fits:
        yield finding("callback_address", told=check.address or "–", wanted=check.wanted)
    if "forged" in check.pattern:
        yield finding("callbacks_forged", count=check.refused_forged)
    if "unsigned" in check.pattern and not check.hints_allowed:
        yield finding("callbacks_unsigned", count=check.refused_unsigned)
    if check.last_at is None:
        yield finding("callbacks_none_yet", wanted=check.wanted)
    else:
        yield finding("callbacks_come", encoding=check.encoding, at=f"{check.last_at:%Y-%m-%d %H:%M}")


def _legal(config: Config) -> Iterator[Finding]:
    missing = legal.missing(config)
    yield finding("legal_missing", missing="; ".join(missing)) if missing else finding("legal_filled")


def _people(config: Config) -> Iterator[Finding]:
    """Who is there for customers, and who hears of trouble."""
    if config.support_url is None:
        yield finding("support_missing")
    if config.alert_chat_id is None and config.alert_email is None:
        yield finding("alerts_nowhere")


CHECKS: tuple[Check, ...] = (
    _database,
    _scheduler,
    _settings,
    _files,
    _public_url,
    _stars,
    _catalogue,
    _callbacks,
    _legal,
    _people,
)
