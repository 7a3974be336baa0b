"""Each finding in words: how bad it is, what it means, and what helps."""

from typing import NamedTuple

from webapp.base.i18n import N_
from webapp.base.i18n import gettext as _
from webapp.operations.doctor.findings import State


class Words(NamedTuple):
    """`remedy` is empty where nothing has to be done."""

    state: State
    sentence: str
    remedy: str = ""


THIS_MACHINE = {
    "database_well": Words("ok", N_("The database answers, and its tables are up to date.")),
    "database_away": Words(
        "wrong",
        N_("The database does not answer: %(error)s"),
        N_("Start it, or correct DATABASE_URL."),
    ),
    "migrations_missing": Words(
        "wrong",
        N_("The database's tables are not up to date: %(count)s steps are missing."),
        N_("Run `make migrate`, then start web and jobs again."),
    ),
    "scheduler_alive": Words("ok", N_("The jobs process runs.")),
    "scheduler_missing": Words(
        "wrong",
        N_("No jobs process runs: nothing is bought, delivered or refunded."),
        N_("Start it: `systemctl start simka-jobs`, or by hand `python -m jobs`. Its log says why it ended."),
    ),
    "settings_unreadable": Words(
        "wrong",
        N_("With the settings as they are written now no process would start: %(error)s"),
        N_("Correct that before anything is started again."),
    ),
    "settings_unknown": Words(
        "doubtful",
        N_("The file of settings names what no setting is called: %(names)s."),
        N_("Correct the name, or delete the line."),
    ),
    "files_open": Words(
        "doubtful",
        N_("Every user of this machine can read secrets or the database: %(files)s."),
        N_("Run `chmod o= %(files)s` as their owner."),
    ),
    "settings_outdated": Words(
        "doubtful",
        N_(
            "The %(process)s process on %(host)s, started at %(at)s UTC, still runs with other settings: "
            "%(names)s."
        ),
        N_("Start it again: `systemctl restart simka-web simka-jobs`."),
    ),
    "clock_well": Words("ok", N_("This machine's clock is right (%(seconds)s s beside Telegram's).")),
    "clock_wrong": Words(
        "wrong",
        N_("This machine's clock differs from Telegram's by %(seconds)s s."),
        N_("Let it be set by itself: `timedatectl set-ntp true`."),
    ),
    "clock_unknown": Words(
        "doubtful",
        N_("Nobody told the time, so this machine's clock could not be compared."),
        N_("Run `make doctor` again once Telegram answers."),
    ),
    "not_looked": Words(
        "wrong",
        N_("The jobs process did not look outside in time."),
        N_("Read its log; if it was updated just now, start it again."),
    ),
}


THE_SHOP = {
    "play_shop": Words("ok", N_("This shop plays on this machine (%(url)s): nothing here is real.")),
    "public_url_is_here": Words(
        "wrong",
        N_("PUBLIC_URL is %(url)s: nobody but this machine reaches that."),
        N_("Set PUBLIC_URL to the https address of your domain."),
    ),
    "public_url_unfit": Words(
        "wrong",
        N_("Telegram does not deliver to %(url)s."),
        N_("Set PUBLIC_URL to https and a name alone, on port 443, 80, 88 or 8443, without a path."),
    ),
    "proxy_not_trusted": Words(
        "doubtful",
        N_("TRUSTED_PROXIES is 0: behind a reverse proxy all customers look like one address."),
        N_("Set TRUSTED_PROXIES=1 for one proxy in front, and let it set X-Forwarded-For."),
    ),
    "prices_cover_costs": Words("ok", N_("Every plan brings more Stars than it costs.")),
    "star_too_dear": Words(
        "doubtful",
        N_("STAR_USD is %(star)s, and Telegram pays sellers %(real)s: the margin is smaller than it looks."),
        N_("Set STAR_USD to what a Star really brings you."),
    ),
    "plans_lose_money": Words(
        "wrong",
        N_("%(count)s plans are sold below cost at what Telegram pays for a Star, such as %(plans)s."),
        N_("Set STAR_USD to 0.013 or raise MARKUP_PERCENT; fixed prices: `flask --app wsgi pricing show`."),
    ),
    "catalogue_read": Words("ok", N_("There are %(plans)s plans in %(places)s places on sale.")),
    "catalogue_empty": Words(
        "wrong",
        N_("There is nothing on sale: the catalogue was not read yet."),
        N_("It is read about a minute after the jobs process has started; its log says if it cannot be."),
    ),
    "catalogue_held": Words(
        "doubtful",
        N_("eSIM Go lists %(missing)s bundles no more; the shop goes on with the old catalogue."),
        N_("Look with `flask --app wsgi catalogue status`; if it is right, `catalogue accept`."),
    ),
    "legal_filled": Words("ok", N_("The pages about terms and privacy name who sells.")),
    "legal_missing": Words(
        "wrong",
        N_("The pages about terms and privacy are not finished: %(missing)s."),
        N_("Fill in the file; legal.example.toml explains each line."),
    ),
    "support_missing": Words(
        "wrong",
        N_("Customers cannot reach a person, which Telegram asks of every seller."),
        N_("Set SUPPORT_URL, such as https://t.me/your_support."),
    ),
    "alerts_nowhere": Words(
        "doubtful",
        N_("Nobody hears of trouble: neither ALERT_CHAT_ID nor ALERT_EMAIL is set."),
        N_("Write to @userinfobot for your number, set ALERT_CHAT_ID to it, and press Start in your bot."),
    ),
}


ESIM_GO = {
    "key_accepted": Words("ok", N_("eSIM Go accepts the API key of %(organisation)s.")),
    "key_refused": Words(
        "wrong",
        N_("eSIM Go refuses the API key: %(error)s."),
        N_(
            "In the portal under Account Settings, API Details: compare ESIMGO_API_KEY, and see that the "
            "address whitelist is off or holds this machine."
        ),
    ),
    "esimgo_silent": Words(
        "wrong",
        N_("eSIM Go does not answer at %(url)s: %(error)s."),
        N_("See whether this machine reaches the internet; without outage there, correct ESIMGO_API_URL."),
    ),
    "other_currency": Words(
        "wrong",
        N_("The eSIM Go account is in %(theirs)s and the shop in %(ours)s: it sells nothing."),
        N_("Ask eSIM Go's account manager for an account in that currency."),
    ),
    "balance": Words("ok", N_("The balance at eSIM Go is %(amount)s.")),
    "balance_empty": Words(
        "wrong",
        N_("The balance at eSIM Go is used up: nothing can be bought."),
        N_("Top it up in the portal."),
    ),
    "order_list_well": Words(
        "ok",
        N_("eSIM Go lists its orders by time, so that lost answers are found again (%(count)s in an hour)."),
    ),
    "order_list_unfiltered": Words(
        "ok", N_("eSIM Go lists its orders, though not by time: lost answers are looked up page by page.")
    ),
    "order_list_odd": Words(
        "doubtful",
        N_("eSIM Go's list of orders is not understood whole: a lost answer may end in a refund."),
        N_("Run `make smoke-live`, and write to support@esimgo.com what it says of GET /orders."),
    ),
    "order_list_refused": Words(
        "wrong",
        N_("eSIM Go does not list its orders (%(error)s): an order whose answer is lost would be refunded."),
        N_("Run `make doctor` again; if it stays so, write to support@esimgo.com about GET /orders."),
    ),
    "callbacks_come": Words(
        "ok", N_("Signed callbacks arrive, in %(encoding)s; the last one came at %(at)s UTC.")
    ),
    "callbacks_none_yet": Words(
        "doubtful",
        N_("No signed callback of eSIM Go has come yet. The first comes when an eSIM is used."),
        N_("In the portal under API Details, set the callback URL to %(wanted)s and its version to V3."),
    ),
    "callback_address": Words(
        "wrong",
        N_("eSIM Go sends its callbacks to %(told)s."),
        N_("In the portal under API Details, set the callback URL to %(wanted)s and its version to V3."),
    ),
    "callbacks_unsigned": Words(
        "wrong",
        N_("In seven days %(count)s callbacks came unsigned and were refused."),
        N_("In the portal under API Details, set the callback version to V3."),
    ),
    "callbacks_forged": Words(
        "wrong",
        N_("In seven days %(count)s callbacks came with a wrong signature and were refused."),
        N_("If the key was changed: ESIMGO_API_KEY is the new one, ESIMGO_API_KEY_PREVIOUS the old one."),
    ),
}


SET_UP = N_("Run `make setup-bot`.")
TELEGRAM = {
    "token_accepted": Words("ok", N_("Telegram knows the bot: @%(name)s.")),
    "token_refused": Words(
        "wrong",
        N_("Telegram refuses the bot's token: %(error)s."),
        N_("Copy TELEGRAM_BOT_TOKEN from @BotFather: /mybots, the bot, API Token."),
    ),
    "topics_on": Words(
        "wrong",
        N_("Topics in private chats are on: Telegram keeps 15%% of every sale, also of refunded ones."),
        N_("Switch them off in @BotFather, in the settings of the bot."),
    ),
    "telegram_silent": Words(
        "wrong",
        N_("Telegram does not answer at %(url)s: %(error)s."),
        N_("See whether this machine reaches the internet, and whether TELEGRAM_API_URL is right."),
    ),
    "webhook_well": Words("ok", N_("Telegram delivers its updates to this shop.")),
    "webhook_elsewhere": Words(
        "wrong", N_("Telegram sends its updates to %(told)s, not to %(wanted)s."), SET_UP
    ),
    "updates_missing": Words(
        "wrong", N_("Telegram does not send these kinds of updates: %(missing)s."), SET_UP
    ),
    "webhook_secret": Words(
        "wrong",
        N_("Telegram brings another secret than TELEGRAM_WEBHOOK_SECRET; %(waiting)s updates wait."),
        SET_UP,
    ),
    "webhook_failing": Words(
        "wrong",
        N_("Telegram cannot deliver its updates: %(error)s; %(waiting)s wait."),
        N_("Start the web process again, and read on here about the address and its certificate."),
    ),
    "button_well": Words("ok", N_("The bot's menu button opens the shop.")),
    "button_wrong": Words("wrong", N_("The bot's menu button opens %(told)s."), SET_UP),
    "commands_well": Words("ok", N_("The bot's commands are set in every language.")),
    "commands_wrong": Words("wrong", N_("The bot's commands are not set in: %(languages)s."), SET_UP),
    "alert_chat_open": Words("ok", N_("The bot may write to the chat for alerts.")),
    "alert_chat_closed": Words(
        "wrong",
        N_("The bot may not write to ALERT_CHAT_ID %(chat)s: %(error)s."),
        N_("Press Start in a chat with the bot, or add it to that group."),
    ),
}


PROXY = N_("Compare your reverse proxy with deploy/nginx.conf or deploy/Caddyfile.")
THE_DOOR = {
    "certificate_good": Words("ok", N_("The certificate of %(host)s is good for %(days)s days.")),
    "certificate_ending": Words(
        "doubtful",
        N_("The certificate of %(host)s ends in %(days)s days."),
        N_("See why your proxy has not renewed it yet."),
    ),
    "certificate_bad": Words(
        "wrong",
        N_("The certificate of %(host)s is not accepted: %(error)s."),
        N_("Use one of a public authority, and let the proxy send the whole chain (fullchain.pem)."),
    ),
    "door_well": Words("ok", N_("%(url)s leads to this shop, and its web process knows the secret.")),
    "door_closed": Words(
        "wrong",
        N_("%(url)s does not answer: %(error)s."),
        N_("Start the web process and the reverse proxy, and see that the domain points to this machine."),
    ),
    "door_of_others": Words("wrong", N_("%(url)s does not lead to this shop (status %(status)s)."), PROXY),
    "door_other_secret": Words(
        "wrong",
        N_("The web process behind %(url)s has another TELEGRAM_WEBHOOK_SECRET than the one set here."),
        N_("Start the web process again, so that it reads the settings."),
    ),
}

WORDS = THIS_MACHINE | THE_SHOP | ESIM_GO | TELEGRAM | THE_DOOR


def words() -> dict[str, Words]:
    """By the code of a finding, in the language at hand."""
    return {
        code: Words(told.state, _(told.sentence), told.remedy and _(told.remedy))
        for code, told in WORDS.items()
    }


def mark(state: State) -> str:
    """What a line of the list begins with."""
    return {"ok": _("fine"), "doubtful": _("LOOK"), "wrong": _("FIX")}[state]


def summary(wrong: int) -> str:
    return _("%(count)s things must be put right.") % {"count": wrong} if wrong else _("The shop can sell.")
