"""What eSIM Go tells us is a hint: stored once, and all it does is to make us look."""

import base64
import hashlib
import hmac
import json

import pytest

from tests.settings import changed
from tests.shop.conftest import Advance
from tests.shop.factories import BUNDLE, make_esim, make_order
from webapp import esims
from webapp.base.config import Config
from webapp.esims import callbacks
from webapp.esims.callbacks import Kind
from webapp.esims.callbacks.events import OF_BALANCE
from webapp.models import Assignment, Callback, Esim
from webapp.state import provider as provider_state
from webapp.state.funnel import Funnel

pytestmark = pytest.mark.usefixtures("database")


def signed(raw: bytes, key: str = "sandbox-key") -> str:
    return base64.b64encode(hmac.new(key.encode(), raw, hashlib.sha256).digest()).decode()


def told(iccid: object) -> bytes:
    return json.dumps({"iccid": iccid, "bundle": {"name": "b"}, "alertType": "Utilisation"}).encode()


def quiet_esim() -> Esim:
    esim = make_esim()
    Esim.update(next_refresh_at=None).execute()
    return esim


def receive(config: Config, raw: bytes) -> None:
    """Signed, and applied."""
    assert callbacks.receive(raw, signed(raw), config, Funnel())
    callbacks.apply_waiting()


def test_a_signed_callback_is_stored_as_it_came_and_once(config: Config) -> None:
    raw = told("8944000000000000001") + b" \n"
    for _ in range(3):
        assert callbacks.receive(raw, signed(raw), config, Funnel())
    (stored,) = Callback.select()
    assert (stored.body, stored.verdict) == (raw.decode(), None)
    assert (stored.signature, stored.kind) == ("base64", "utilisation")


def test_a_signed_body_that_is_no_utf8_is_stored_as_far_as_it_can_be_read(config: Config) -> None:
    raw = b'{"iccid": "\xff"}'
    assert callbacks.receive(raw, signed(raw), config, Funnel())
    assert Callback.get().body == '{"iccid": "\ufffd"}'


def test_the_encoding_that_proved_it_is_kept(config: Config) -> None:
    raw = told("8944000000000000001")
    digest = hmac.new(b"sandbox-key", raw, hashlib.sha256).hexdigest()
    assert callbacks.receive(raw, digest, config, Funnel())
    assert Callback.get().signature == "hex"


@pytest.mark.parametrize("signature", [None, "", "junk", signed(b"{}", "another-key"), signed(b"{} ")])
def test_a_forged_callback_is_not_stored(config: Config, signature: str | None) -> None:
    assert not callbacks.receive(b"{}", signature, config, Funnel())
    assert Callback.select().count() == 0


def test_during_a_rotation_both_keys_sign(config: Config) -> None:
    rotated = changed(config, esimgo_api_key_previous="key-of-yesterday")
    for key in ("sandbox-key", "key-of-yesterday"):
        raw = told(key)
        assert callbacks.receive(raw, signed(raw, key), rotated, Funnel())
    assert Callback.select().count() == 2


def test_a_callback_makes_its_esim_due_and_is_applied_once(config: Config) -> None:
    esim = quiet_esim()
    raw = told(esim.iccid)
    callbacks.receive(raw, signed(raw), config, Funnel())
    assert callbacks.apply_waiting() == 1
    assert esims.due() == [esim]
    Esim.update(next_refresh_at=None).execute()
    callbacks.receive(raw, signed(raw), config, Funnel())
    assert callbacks.apply_waiting() == 0
    assert (esims.due(), Callback.get().verdict) == ([], "looked")


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("{", "unreadable"),
        ("[]", "no eSIM in it"),
        ('{"iccid": "8999000000000000000"}', "not our eSIM"),
        ('{"alertType": "LowBalance"}', "balance asked for"),
        ('{"event": "order.created", "orderReference": "nobody\'s"}', "no eSIM in it"),
        ('{"alertType": "Topup", "iccid": "8999000000000000000"}', "not our eSIM"),
    ],
)
def test_what_is_about_none_of_our_esims_makes_none_due(config: Config, body: str, verdict: str) -> None:
    quiet_esim()
    receive(config, body.encode())
    assert Callback.get().verdict == verdict
    assert esims.due() == []


def test_callbacks_are_applied_in_the_order_in_which_they_came(config: Config) -> None:
    for number in range(5):
        raw = told(str(number))
        callbacks.receive(raw, signed(raw), config, Funnel())
    assert callbacks.apply_waiting(limit=3) == 3
    assert [bool(row.verdict) for row in Callback.select().order_by(Callback.id)] == [True] * 3 + [False] * 2
    assert callbacks.apply_waiting() == 2


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in OF_BALANCE])
def test_whatever_is_told_of_an_esim_makes_it_due_and_writes_no_number_down(
    config: Config, kind: Kind
) -> None:
    esim = quiet_esim()
    before = (Esim.select().dicts().get(), Assignment.select().dicts().get())
    body = {"alertType": kind, "iccid": esim.iccid, "profileStatus": "Deleted"}
    usage = {"bundle": {"name": BUNDLE, "remainingQuantity": 1, "initialQuantity": 2}}
    receive(config, json.dumps(body | usage).encode())
    assert esims.due() == [esim]
    Esim.update(next_refresh_at=None).execute()
    assert (Esim.select().dicts().get(), Assignment.select().dicts().get()) == before


@pytest.mark.parametrize("kind", ["Topup", "AutoTopup", "eSIMGoTopup", "LowBalance", "InsufficientBalance"])
def test_news_of_the_balance_make_us_ask_for_it(config: Config, kind: str) -> None:
    provider_state.balance_seen(100_000)
    assert not provider_state.needs_a_look()
    receive(config, json.dumps({"alertType": kind, "balanceInfo": {"balance": 1}}).encode())
    assert provider_state.needs_a_look()
    known = provider_state.balance()
    assert known is not None
    assert known[0] == 100_000


@pytest.mark.parametrize("event", ["order.created", "order.activated", "order.failed", "eSIM.ready"])
def test_an_event_of_an_order_makes_its_esim_due(config: Config, event: str) -> None:
    esim = quiet_esim()
    reference = esim.order.fresh().esimgo_order_id
    receive(config, json.dumps({"event": event, "orderReference": reference}).encode())
    assert (esims.due(), Callback.get().verdict) == ([esim], "looked")
    assert esim.order.fresh().stage == "ready", "order.failed is a hint too"


def test_an_event_of_a_top_up_makes_the_esim_due_that_it_tops_up(config: Config) -> None:
    esim = quiet_esim()
    order = make_order("accepted", esim_id=esim.id)
    receive(
        config, json.dumps({"event": "order.created", "data": {"orderId": order.esimgo_order_id}}).encode()
    )
    assert esims.due() == [esim]


def test_an_order_that_has_no_esim_yet_is_looked_up_by_its_jobs(config: Config) -> None:
    order = make_order("accepted")
    receive(config, json.dumps({"event": "order.failed", "orderReference": order.esimgo_order_id}).encode())
    assert (Callback.get().verdict, order.fresh().stage) == ("order under way", "accepted")


# --- unsigned hints


@pytest.fixture
def hints(config: Config) -> Config:
    return changed(config, esimgo_unsigned_hints="on")


def test_unsigned_callbacks_are_refused_unless_the_owner_takes_them_as_hints(
    config: Config, hints: Config
) -> None:
    raw = told(quiet_esim().iccid)
    assert not callbacks.receive(raw, None, config, Funnel())
    assert Callback.select().count() == 0
    assert callbacks.receive(raw, None, hints, Funnel())
    assert Callback.get().signature == "none"


@pytest.mark.parametrize("header", ["junk", signed(b"{}", "another-key")])
def test_a_wrong_signature_is_refused_also_where_none_would_be_taken(hints: Config, header: str) -> None:
    assert not callbacks.receive(b"{}", header, hints, Funnel())


def test_one_unsigned_hint_a_minute_counts_for_each_esim(hints: Config, advance: Advance) -> None:
    esim = quiet_esim()

    def hint(number: int) -> bool:
        Esim.update(next_refresh_at=None).execute()
        callbacks.receive(json.dumps({"iccid": esim.iccid, "n": number}).encode(), None, hints, Funnel())
        callbacks.apply_waiting()
        return esims.due() == [esim]

    assert [hint(number) for number in range(4)] == [True, False, False, False]
    advance(61)
    assert hint(5)
    receive(hints, told(esim.iccid))
    assert esims.due() == [esim], "a signed one counts whenever it comes"


def test_one_unsigned_hint_a_minute_counts_for_the_balance(hints: Config, advance: Advance) -> None:
    def hint(number: int) -> bool:
        callbacks.receive(
            json.dumps({"alertType": "LowBalance", "n": number}).encode(), None, hints, Funnel()
        )
        callbacks.apply_waiting()
        return provider_state.needs_a_look()

    provider_state.balance_seen(1)
    assert not hint(1)
    advance(61)
    assert hint(2)


def test_an_unsigned_copy_sent_ahead_does_not_swallow_the_signed_one(hints: Config) -> None:
    raw = told(quiet_esim().iccid)
    assert callbacks.receive(raw, None, hints, Funnel())
    assert callbacks.receive(raw, signed(raw), hints, Funnel())
    assert sorted(row.signature for row in Callback.select()) == ["base64", "none"]


def test_a_flood_of_unsigned_ones_is_not_stored(
    hints: Config, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.esims.callbacks.receiving.MOST_UNSIGNED", 3)
    taken = [callbacks.receive(str(number).encode(), None, hints, Funnel()) for number in range(6)]
    assert (taken, Callback.select().count()) == ([True] * 3 + [False] * 3, 3)
    advance(61)
    assert callbacks.receive(b"later", None, hints, Funnel())


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("seconds", "taken"), [(59.9, False), (60, True)])
def test_a_flood_is_of_one_minute_and_of_unsigned_ones(
    hints: Config, advance: Advance, monkeypatch: pytest.MonkeyPatch, seconds: float, taken: bool
) -> None:
    monkeypatch.setattr("webapp.esims.callbacks.receiving.MOST_UNSIGNED", 2)
    assert [callbacks.receive(raw, None, hints, Funnel()) for raw in (b"1", b"2")] == [True, True]
    advance(3600)
    for raw in (b"3", b"4", b"5"):
        assert callbacks.receive(raw, signed(raw), hints, Funnel())
    assert [callbacks.receive(raw, None, hints, Funnel()) for raw in (b"6", b"7", b"8")] == [
        True,
        True,
        False,
    ]
    advance(seconds)
    assert callbacks.receive(b"9", None, hints, Funnel()) is taken
