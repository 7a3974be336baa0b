"""Which process still runs with the settings of before."""

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

pytestmark = pytest.mark.usefixtures("database")


def names(config: Config) -> dict[str, tuple[str, ...]]:
    return {found.kind: found.settings for found in processes.outdated(config)}


def test_a_process_with_other_settings_is_named_with_what_differs(config: Config) -> None:
    processes.began("web", config)
    processes.began("jobs", changed(config, shop_name="New"))
    assert names(changed(config, shop_name="New", deadline_s=600)) == {
        "web": ("DEADLINE_S", "SHOP_NAME"),
        "jobs": ("DEADLINE_S",),
    }


def test_started_again_it_is_named_no_more(config: Config) -> None:
    again = changed(config, shop_name="New")
    processes.began("web", config)
    processes.began("web", again)
    assert names(again) == {}
    assert Process.select().count() == 1


def test_a_process_that_has_ended_is_not_named(config: Config) -> None:
    processes.began("web", config)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(60)
    Process.update(pid=ended.pid).execute()
    assert names(changed(config, shop_name="New")) == {}


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
    processes.still_here("jobs")
    assert Process.get().seen_at == long_ago
    processes.still_here("web")
    assert Process.get().seen_at > long_ago
    Process.update(seen_at=long_ago, pid=os.getpid() + 1).execute()
    processes.still_here("web")
    assert Process.get().seen_at == long_ago, "another process has taken its place"


def test_hosts_that_are_gone_are_forgotten(config: Config) -> None:
    processes.began("web", config)
    Process.update(host="container-1", seen_at=clock.now() - timedelta(days=2)).execute()
    processes.began("web", config)
    assert [row.host for row in Process.select()] == [socket.gethostname()]


def test_nobody_learns_a_secret_from_it(config: Config) -> None:
    """Two bytes of each, made with another salt at every start."""
    processes.began("web", config)
    first = Process.get()
    assert config.esimgo_api_key not in first.settings
    processes.began("web", config)
    assert Process.get().settings != first.settings
