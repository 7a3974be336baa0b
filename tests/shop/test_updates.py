"""What Telegram tells us: worked on once, answered the same way however often it is told."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from peewee import OperationalError

from tests.shop.factories import OWNER, STRANGER, lead, make_customer, make_order, near, quoted
from webapp.base import clock
from webapp.base.config import Config
from webapp.clients.telegram.updates import Update
from webapp.customers import chat, identity, notifications
from webapp.models import Customer, Notification, Order, Payment, TelegramUpdate, db
from webapp.orders import telegram_updates

pytestmark = pytest.mark.usefixtures("database")

ANN = {"id": OWNER, "first_name": "Ann", "language_code": "ru"}
GROUP = {"id": -100500, "type": "supergroup"}


def update(number: int = 1, **content: Any) -> Update:
    return Update.model_validate({"update_id": number} | content)


def message(text: str = "", sender: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    sender = sender or ANN
    return {"message_id": 1, "chat": {"id": sender["id"]}, "from": sender, "text": text} | more


def question(reference: str, stars: int = 453) -> dict[str, Any]:
    return {
        "id": "query-1",
        "from": ANN,
        "currency": "XTR",
        "total_amount": stars,
        "invoice_payload": reference,
    }


def paid(order: Order, charge_id: str = "charge-1") -> dict[str, Any]:
    return {
        "currency": "XTR",
        "total_amount": order.stars,
        "invoice_payload": order.reference,
        "telegram_payment_charge_id": charge_id,
    }


def membership(status: str, chat_id: int = OWNER) -> dict[str, Any]:
    return {"chat": {"id": chat_id}, "from": ANN, "new_chat_member": {"status": status}}


# --- money


def test_a_question_is_answered_yes_in_the_response(config: Config) -> None:
    lead()
    quoted()
    order = make_order()
    answer = telegram_updates.receive(update(pre_checkout_query=question(order.reference)), config)
    assert answer == {"method": "answerPreCheckoutQuery", "pre_checkout_query_id": "query-1", "ok": True}


def test_a_refusal_speaks_the_language_of_its_customer(config: Config) -> None:
    answer = telegram_updates.receive(update(pre_checkout_query=question("gone")), config)
    assert answer is not None
    assert (answer["ok"], "заказ" in answer["error_message"]) == (False, True)


def test_a_repeated_question_gets_its_stored_answer_whatever_has_happened_since(config: Config) -> None:
    lead()
    quoted()
    order = make_order()
    asked = update(pre_checkout_query=question(order.reference))
    first = telegram_updates.receive(asked, config)
    order.move("expired", actor="job")
    assert telegram_updates.receive(asked, config) == first
    assert TelegramUpdate.select().count() == 1


def test_a_payment_is_booked_once_however_often_it_is_told(config: Config) -> None:
    order = make_order()
    for number in (1, 1, 2):
        told = update(number, message=message(successful_payment=paid(order)))
        assert telegram_updates.receive(told, config) is None
    assert (order.fresh().stage, Payment.select().count()) == ("paid", 1)
    assert Customer.get().may_write


def test_a_payment_counts_wherever_it_is_told(config: Config) -> None:
    order = make_order()
    telegram_updates.receive(update(message=message(successful_payment=paid(order), chat=GROUP)), config)
    assert order.fresh().stage == "paid"


@pytest.mark.parametrize("sender", [ANN, {"id": 777, "is_bot": True, "first_name": "Simka"}])
def test_the_news_of_a_refund_is_stored_and_breaks_nothing(config: Config, sender: dict[str, Any]) -> None:
    refunded = paid(make_order("failed"))
    told = message(sender=sender, chat={"id": OWNER}, refunded_payment=refunded)
    assert telegram_updates.receive(update(message=told), config) is None
    assert (TelegramUpdate.select().count(), Customer.select().count()) == (1, 1)


# --- once


def test_the_same_update_from_two_sides_at_once_is_worked_on_once(config: Config) -> None:
    lead()
    quoted()
    order = make_order()
    asked = update(pre_checkout_query=question(order.reference))
    start, answers = Barrier(8), []

    def tell() -> None:
        db.keep_connection()
        try:
            start.wait(60)
            answers.append(telegram_updates.receive(asked, config))
        finally:
            db.database.close()

    tellers = [Thread(target=tell) for _ in range(8)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join(60)
    assert (
        answers == [{"method": "answerPreCheckoutQuery", "pre_checkout_query_id": "query-1", "ok": True}] * 8
    )
    assert TelegramUpdate.select().count() == 1


def break_down(error: Exception, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    def refuse(*_values: object, **_named: object) -> None:
        raise error

    for name in names:
        monkeypatch.setattr(name, refuse)


TALK = {"message": message("/start")}
PRESSED = {"callback_query": {"id": "q", "from": ANN, "data": "language:en"}}
BLOCKED = {"my_chat_member": membership("kicked")}


@pytest.mark.parametrize("content", [TALK, PRESSED, BLOCKED], ids=["talk", "button", "block"])
def test_talk_that_fails_is_told_again_and_set_aside_at_last(
    config: Config, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]
) -> None:
    with monkeypatch.context() as bad_day:
        broken = (
            "webapp.customers.chat.reply",
            "webapp.customers.chat.pressed",
            "webapp.customers.identity.unreachable",
        )
        break_down(RuntimeError("a mistake of ours"), bad_day, *broken)
        for _ in range(telegram_updates.TRIES - 1):
            with pytest.raises(RuntimeError):
                telegram_updates.receive(update(**content), config)
            assert TelegramUpdate.select().count() == 0, "not counted as seen"
        assert telegram_updates.receive(update(**content), config) is None
    assert telegram_updates.receive(update(**content), config) is None, "this one is over"
    assert telegram_updates.receive(update(2, message=message("/start")), config), "the next is not"


def test_talk_that_failed_once_is_answered_when_it_is_told_again(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as bad_moment, pytest.raises(RuntimeError):
        break_down(RuntimeError("a mistake of ours"), bad_moment, "webapp.customers.chat.reply")
        telegram_updates.receive(update(message=message("/start")), config)
    assert telegram_updates.receive(update(message=message("/start")), config)


def test_a_payment_is_never_set_aside(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    order = make_order()
    told = update(message=message(successful_payment=paid(order)))
    with monkeypatch.context() as bad_day:
        break_down(RuntimeError("a mistake of ours"), bad_day, "webapp.orders.payments.confirm")
        for _ in range(telegram_updates.TRIES + 3):
            with pytest.raises(RuntimeError):
                telegram_updates.receive(told, config)
    assert TelegramUpdate.select().count() == 0
    telegram_updates.receive(told, config)
    assert (order.fresh().stage, Payment.select().count()) == ("paid", 1)


def test_a_question_that_we_cannot_answer_is_declined_at_once(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = update(pre_checkout_query=question("x"))
    with monkeypatch.context() as bad_day:
        break_down(RuntimeError("a mistake of ours"), bad_day, "webapp.orders.payments.pre_checkout")
        answer = telegram_updates.receive(asked, config)
    assert answer is not None
    assert (answer["ok"], "не списаны" in answer["error_message"]) == (False, True)
    assert telegram_updates.receive(asked, config) == answer


@pytest.mark.parametrize("content", [TALK, {"pre_checkout_query": question("x")}], ids=["talk", "question"])
def test_while_the_database_is_away_everything_is_told_again(
    config: Config, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]
) -> None:
    with monkeypatch.context() as outage:
        break_down(OperationalError("database is locked"), outage, "webapp.customers.identity.recognise")
        for _ in range(telegram_updates.TRIES + 1):
            with pytest.raises(OperationalError):
                telegram_updates.receive(update(**content), config)
    assert telegram_updates.receive(update(**content), config)


@pytest.mark.parametrize("number", [-1, 2**52, 2**63, 10**30])
def test_a_number_that_no_column_takes_is_left_out(config: Config, number: int) -> None:
    assert telegram_updates.receive(update(number, **TALK), config) is None
    assert TelegramUpdate.select().count() == 0


def test_more_stars_than_there_are_is_left_out(config: Config) -> None:
    order = make_order()
    told = message(successful_payment=paid(order) | {"total_amount": 2**31})
    assert telegram_updates.receive(update(message=told), config) is None
    assert (order.fresh().stage, Payment.select().count()) == ("awaiting_payment", 0)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"message": {"message_id": 1, "chat": {"id": 1}, "text": "/start"}},
        {"channel_post": {"message_id": 1, "chat": {"id": -100, "type": "channel"}, "text": "/start"}},
        {"subscription": {"user": ANN}},
        {"message": message("/start", chat=GROUP)},
        {"message": message(write_access_allowed={})},
        {"my_chat_member": membership("kicked", -100500)},
        {"my_chat_member": membership("administrator")},
    ],
)
def test_what_is_not_for_us_is_stored_and_not_answered(config: Config, content: dict[str, Any]) -> None:
    assert telegram_updates.receive(update(**content), config) is None
    assert TelegramUpdate.get().answer is None
    assert Customer.select().where(Customer.blocked_at.is_null(False)).count() == 0


# --- who writes, and may be written to


def test_who_writes_becomes_a_customer_once(config: Config) -> None:
    for number in (1, 2):
        telegram_updates.receive(update(number, message=message("/start")), config)
    customer = Customer.get()
    assert (customer.telegram_user_id, customer.first_name, customer.language) == (OWNER, "Ann", "ru")
    assert customer.may_write


def test_who_blocks_the_bot_is_not_written_to_until_they_let_it_in_again(config: Config) -> None:
    notifications.enqueue(make_order("paid"), "paid")
    telegram_updates.receive(update(1, my_chat_member=membership("kicked")), config)
    customer = Customer.get()
    assert (customer.may_write, near(customer.blocked_at, clock.now())) == (False, True)
    Notification.update(next_try_at=clock.now() + timedelta(days=365)).execute()
    telegram_updates.receive(update(2, my_chat_member=membership("member")), config)
    customer = Customer.get()
    assert (customer.may_write, customer.blocked_at) == (True, None)
    assert near(Notification.get().next_try_at, clock.now()), "what waited is due"


@pytest.mark.parametrize(
    "content", [{"message": message("/start")}, {"message": message(write_access_allowed={})}, PRESSED]
)
def test_every_sign_of_life_lets_the_bot_write(config: Config, content: dict[str, Any]) -> None:
    identity.unreachable(make_customer())
    telegram_updates.receive(update(**content), config)
    assert (Customer.get().may_write, Customer.get().blocked_at) == (True, None)


def test_init_data_lets_the_bot_write_unless_it_is_older_than_the_block() -> None:
    opened_at = clock.now()
    assert not identity.recognise(OWNER, "Ann", "en", "en").may_write
    assert identity.recognise(OWNER, "Ann", "en", "en", writable_at=opened_at).may_write
    identity.unreachable(Customer.get())
    assert not identity.recognise(OWNER, "Ann", "en", "en", writable_at=opened_at).may_write
    assert identity.recognise(OWNER, "Ann", "en", "en", writable_at=clock.now()).may_write


def test_a_retry_that_waits_is_not_hurried_by_a_message(config: Config) -> None:
    make_customer(may_write=True)
    notifications.enqueue(make_order("paid"), "paid")
    later = clock.now() + timedelta(days=365)
    Notification.update(next_try_at=later).execute()
    telegram_updates.receive(update(message=message("hello")), config)
    assert Notification.get().next_try_at == later


# --- the chat


@pytest.mark.parametrize(
    ("text", "says", "opens"),
    [
        ("/start", "Добро пожаловать в Simka", ["/", "/help"]),
        ("/start ref-1", "Добро пожаловать в Simka", ["/", "/help"]),
        ("/start '; DROP TABLE orders; --", "Добро пожаловать в Simka", ["/", "/help"]),
        ("/START@simka_bot", "Добро пожаловать в Simka", ["/", "/help"]),
        ("/help", "Wi-Fi", ["/help", "/"]),
        ("/paysupport", "15 минут", ["/esims"]),
        ("/privacy", "числовой id", ["/privacy", "/account"]),
        ("/terms", "звёзды возвращаются без вашей просьбы", ["/terms", "/"]),
        ("/unknown", "Я бот", ["/"]),
        ("что такое eSIM?", "Я бот", ["/"]),
        ("@", "Я бот", ["/"]),
    ],
)
def test_whatever_is_written_is_answered_with_a_button_into_the_shop(
    config: Config, text: str, says: str, opens: list[str]
) -> None:
    answer = telegram_updates.receive(update(message=message(text)), config)
    assert answer is not None
    rows = answer["reply_markup"]["inline_keyboard"]
    assert (answer["method"], answer["chat_id"]) == ("sendMessage", OWNER)
    assert says in answer["text"]
    assert [button["web_app"]["url"] for (button,) in rows] == [config.public_url + path for path in opens]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_command_that_is_listed_is_answered_and_fits_a_message(config: Config, language: str) -> None:
    customer = make_customer(language=language)
    answers = {name: chat.reply(f"/{name}", customer, config) for name in chat.commands()}
    assert set(answers) == {"start", "help", "language", "paysupport", "privacy", "terms"}
    texts = {answer["text"] for answer in answers.values() if answer is not None}
    assert len(texts) == len(answers)
    assert all(1 <= len(text) <= 4096 for text in texts)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_what_has_no_text_is_not_answered(config: Config, text: str) -> None:
    assert telegram_updates.receive(update(message=message(text)), config) is None


def test_a_chosen_language_outlives_the_one_of_the_phone(config: Config) -> None:
    make_customer(language="en", language_chosen=True)
    answer = telegram_updates.receive(update(message=message("/start")), config)
    assert answer is not None
    assert answer["text"].startswith("Welcome to Simka")
    assert f"{config.public_url}/?lang=en" in str(answer), "the shop opens in it"


def press(config: Config, data: str, number: int = 2, sender: dict[str, Any] | None = None) -> Any:
    query = {"id": "query-2", "from": sender or ANN, "data": data}
    return telegram_updates.receive(update(number, callback_query=query), config)


def test_a_language_is_chosen_by_its_button(config: Config) -> None:
    answer = telegram_updates.receive(update(message=message("/language")), config)
    assert answer is not None
    ((english,), (russian,)) = answer["reply_markup"]["inline_keyboard"]
    assert (english["text"], russian["text"]) == ("English", "Русский")
    assert press(config, english["callback_data"]) == {
        "method": "answerCallbackQuery",
        "callback_query_id": "query-2",
        "text": "From now on we write to you in English.",
    }
    assert (Customer.get().language, Customer.get().language_chosen) == ("en", True)
    confirmed = press(config, russian["callback_data"], 3)
    assert confirmed["text"] == "Теперь мы пишем вам по-русски."


@pytest.mark.parametrize("data", ["", "language:", "language:xx", "language:EN", "en", "refund:1", "x" * 64])
def test_an_unknown_button_is_answered_quietly(config: Config, data: str) -> None:
    assert press(config, data) == {"method": "answerCallbackQuery", "callback_query_id": "query-2"}
    assert (Customer.get().language, Customer.get().language_chosen) == ("ru", False)


def test_a_button_speaks_for_who_pressed_it(config: Config) -> None:
    make_customer(STRANGER, language="en")
    press(config, "language:ru", sender={"id": STRANGER, "language_code": "en"})
    assert Customer.get(Customer.telegram_user_id == STRANGER).language == "ru"
