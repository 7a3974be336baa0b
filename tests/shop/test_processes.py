"""Which process still runs with the settings of before."""

import json
import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest

from tests.settings import changed
from webapp.base import clock
from webapp.base.config import Config
from webapp.models import Process
from webapp.state import processes
from webapp.state.leases import process_started

pytestmark = pytest.mark.usefixtures("database")


def names(config: Config) -> list[tuple[str, tuple[str, ...]]]:
    return [(found.kind, found.settings) for found in processes.outdated(config)]


def beside() -> "subprocess.Popen[bytes]":
    """Another process, and the last row is about it."""
    other = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    newest = Process.select().order_by(Process.id.desc()).get()
    newest.pid, newest.pid_started = other.pid, process_started(other.pid)
    newest.save()
    return other


def end(process: "subprocess.Popen[bytes]") -> None:
    process.communicate(timeout=60)


def test_each_process_with_other_settings_is_named_with_what_differs(config: Config) -> None:
    """Also two of a kind on one host: a second web, or a standby beside its leader."""
    processes.began("web", config)
    first = beside()
    processes.began("web", changed(config, shop_name="New"))
    assert names(changed(config, shop_name="New", deadline_s=600)) == [
        ("web", ("DEADLINE_S", "SHOP_NAME")),
        ("web", ("DEADLINE_S",)),
    ]
    end(first)


def test_started_again_it_is_named_no_more(config: Config) -> None:
    processes.began("web", config)
    end(beside())
    again = changed(config, shop_name="New")
    processes.began("web", again)
    assert names(again) == []
    assert Process.select().count() == 1


def test_what_may_differ_from_process_to_process_is_not_named(config: Config) -> None:
    processes.began("web", config)
    own = changed(config, port=9000, metrics_port=9100)
    assert names(own) == []
    elsewhere = changed(own, trusted_proxies=1)
    assert names(elsewhere) == [("web", ("TRUSTED_PROXIES",))]
    Process.update(host="other").execute()
    assert names(elsewhere) == []


def test_with_another_bot_nothing_else_can_be_compared(config: Config) -> None:
    processes.began("web", config)
    assert names(changed(config, telegram_bot_token="1:other")) == [("web", ("TELEGRAM_BOT_TOKEN",))]


def test_a_process_that_has_ended_is_not_named(config: Config) -> None:
    processes.began("web", config)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(60)
    Process.update(pid=ended.pid).execute()
    assert names(changed(config, shop_name="New")) == []


@pytest.mark.parametrize(("silent_s", "alive"), [(0, True), (89, True), (91, False), (-91, False)])
def test_on_another_host_it_counts_while_it_says_that_it_is_here(
    config: Config, silent_s: float, alive: bool
) -> None:
    processes.began("web", config)
    Process.update(host="other", seen_at=clock.now() - timedelta(seconds=silent_s)).execute()
    assert bool(names(changed(config, shop_name="New"))) is alive


def test_it_says_that_it_is_here_for_itself_alone(config: Config) -> None:
    processes.began("web", config)
    long_ago = clock.now() - timedelta(hours=1)
    Process.update(seen_at=long_ago).execute()
    processes.still_here()
    assert Process.get().seen_at > long_ago
    Process.update(seen_at=long_ago, pid=os.getpid() + 1).execute()
    processes.still_here()
    assert Process.get().seen_at == long_ago, "it is another process"


def test_hosts_that_are_gone_are_forgotten(config: Config) -> None:
    processes.began("web", config)
    Process.update(host="container-1", seen_at=clock.now() - timedelta(days=2)).execute()
    processes.began("web", config)
    assert [row.host for row in Process.select()] == [socket.gethostname()]


def test_nobody_who_has_a_copy_of_the_database_can_try_secrets_out(config: Config) -> None:
    """What the fingerprints are made with is not in it."""
    processes.began("web", config)
    mine = Process.get().settings
    assert config.esimgo_api_key not in mine
    processes.began("web", changed(config, telegram_bot_token="1:other"))
    other = json.loads(Process.get().settings)
    assert not set(other.items()) & set(json.loads(mine).items())
