"""Each finding in words: how bad it is, what it means, and what helps."""

from typing import NamedTuple

from webapp.doctor.findings import State
from webapp.i18n import gettext as _


class Words(NamedTuple):
    """`remedy` is empty where nothing has to be done."""

    state: State
    sentence: str
    remedy: str = ""


def words() -> dict[str, Words]:
    """By the code of a finding, in the language at hand."""
    return _of_this_machine() | _of_the_shop() | _of_esim_go() | _of_telegram() | _of_the_door()


def mark(state: State) -> str:
    """What a line of the list begins with."""
    return {"ok": _("fine"), "doubtful": _("LOOK"), "wrong": _("FIX")}[state]


def summary(wrong: int) -> str:
    return _("%(count)s things must be put right.") % {"count": wrong} if wrong else _("The shop can sell.")


def _of_this_machine() -> dict[str, Words]:
    return {
        "database_well": Words("ok", _("The database answers, and its tables are up to date.")),
        "database_away": Words(
            "wrong",
            _("The database does not answer: %(error)s"),
            _("Start it, or correct DATABASE_URL."),
        ),
        "migrations_missing": Words(
            "wrong",
            _("The database's tables are not up to date: %(count)s steps are missing."),
            _("Run `make migrate`, then start web and jobs again."),
        ),
        "scheduler_alive": Words("ok", _("The jobs process runs.")),
        "scheduler_missing": Words(
            "wrong",
            _("No jobs process runs: nothing is bought, delivered or refunded."),
            _(
                "Start it: `systemctl start simka-jobs`, or by hand `python -m jobs`. Its log says why it ended."
            ),
        ),
        "clock_well": Words("ok", _("This machine's clock is right (%(seconds)s s beside Telegram's).")),
        "clock_wrong": Words(
            "wrong",
            _("This machine's clock differs from Telegram's by %(seconds)s s."),
            _("Let it be set by itself: `timedatectl set-ntp true`."),
        ),
        "clock_unknown": Words(
            "doubtful",
            _("Nobody told the time, so this machine's clock could not be compared."),
            _("Run `make doctor` again once Telegram answers."),
        ),
        "not_looked": Words(
            "wrong",
            _("The jobs process did not look outside in time."),
            _("Read its log; if it was updated just now, start it again."),
        ),
    }


def _of_the_shop() -> dict[str, Words]:
    return {
        "play_shop": Words("ok", _("This shop plays on this machine (%(url)s): nothing here is real.")),
        "public_url_is_here": Words(
            "wrong",
            _("PUBLIC_URL is %(url)s: nobody but this machine reaches that."),
            _("Set PUBLIC_URL to the https address of your domain."),
        ),
        "public_url_unfit": Words(
            "wrong",
            _("Telegram does not deliver to %(url)s."),
            _("Set PUBLIC_URL to https and a name alone, on port 443, 80, 88 or 8443, without a path."),
        ),
        "proxy_not_trusted": Words(
            "doubtful",
            _("TRUSTED_PROXIES is 0: behind a reverse proxy all customers look like one address."),
            _("Set TRUSTED_PROXIES=1 for one proxy in front, and let it set X-Forwarded-For."),
        ),
        "prices_cover_costs": Words("ok", _("Every plan brings more Stars than it costs.")),
        "star_too_dear": Words(
            "doubtful",
            _(
                "STAR_USD is %(star)s, and Telegram pays sellers %(real)s: the margin is smaller than it looks."
            ),
            _("Set STAR_USD to what a Star really brings you."),
        ),
        "plans_lose_money": Words(
            "wrong",
            _("%(count)s plans are sold below cost at what Telegram pays for a Star, such as %(plans)s."),
            _(
                "Set STAR_USD to 0.013 or raise MARKUP_PERCENT; fixed prices: `flask --app wsgi pricing show`."
            ),
        ),
        "catalogue_read": Words("ok", _("There are %(plans)s plans in %(places)s places on sale.")),
        "catalogue_empty": Words(
            "wrong",
            _("There is nothing on sale: the catalogue was not read yet."),
            _("It is read about a minute after the jobs process has started; its log says if it cannot be."),
        ),
        "catalogue_held": Words(
            "doubtful",
            _("eSIM Go lists %(missing)s bundles no more; the shop goes on with the old catalogue."),
            _("Look with `flask --app wsgi catalogue status`; if it is right, `catalogue accept`."),
        ),
        "legal_filled": Words("ok", _("The pages about terms and privacy name who sells.")),
        "legal_missing": Words(
            "wrong",
            _("The pages about terms and privacy are not finished: %(missing)s."),
            _("Fill in the file; legal.example.toml explains each line."),
        ),
        "support_missing": Words(
            "wrong",
            _("Customers cannot reach a person, which Telegram asks of every seller."),
            _("Set SUPPORT_URL, such as https://t.me/your_support."),
        ),
        "alerts_nowhere": Words(
            "doubtful",
            _("Nobody hears of trouble: neither ALERT_CHAT_ID nor ALERT_EMAIL is set."),
            _("Write to @userinfobot for your number, set ALERT_CHAT_ID to it, and press Start in your bot."),
        ),
    }


def _of_esim_go() -> dict[str, Words]:
    return {
        "key_accepted": Words("ok", _("eSIM Go accepts the API key of %(organisation)s.")),
        "key_refused": Words(
            "wrong",
            _("eSIM Go refuses the API key: %(error)s."),
            _(
                "In the portal under Account Settings, API Details: compare ESIMGO_API_KEY, and see that the "
                "address whitelist is off or holds this machine."
            ),
        ),
        "esimgo_silent": Words(
            "wrong",
            _("eSIM Go does not answer at %(url)s: %(error)s."),
            _("See whether this machine reaches the internet; without outage there, correct ESIMGO_API_URL."),
        ),
        "other_currency": Words(
            "wrong",
            _("The eSIM Go account is in %(theirs)s and the shop in %(ours)s: it sells nothing."),
            _("Ask eSIM Go's account manager for an account in that currency."),
        ),
        "balance": Words("ok", _("The balance at eSIM Go is %(amount)s.")),
        "balance_empty": Words(
            "wrong",
            _("The balance at eSIM Go is used up: nothing can be bought."),
            _("Top it up in the portal."),
        ),
        "callbacks_come": Words(
            "ok", _("Signed callbacks arrive, in %(encoding)s; the last one came at %(at)s UTC.")
        ),
        "callbacks_none_yet": Words(
            "doubtful",
            _("No signed callback of eSIM Go has come yet. The first comes when an eSIM is used."),
            _("In the portal under API Details, set the callback URL to %(wanted)s and its version to V3."),
        ),
        "callback_address": Words(
            "wrong",
            _("eSIM Go sends its callbacks to %(told)s."),
            _("In the portal under API Details, set the callback URL to %(wanted)s and its version to V3."),
        ),
        "callbacks_unsigned": Words(
            "wrong",
            _("In seven days %(count)s callbacks came unsigned and were refused."),
            _("In the portal under API Details, set the callback version to V3."),
        ),
        "callbacks_forged": Words(
            "wrong",
            _("In seven days %(count)s callbacks came with a wrong signature and were refused."),
            _("If the key was changed: ESIMGO_API_KEY is the new one, ESIMGO_API_KEY_PREVIOUS the old one."),
        ),
    }


def _of_telegram() -> dict[str, Words]:
    set_up = _("Run `make setup-bot`.")
    return {
        "token_accepted": Words("ok", _("Telegram knows the bot: @%(name)s.")),
        "token_refused": Words(
            "wrong",
            _("Telegram refuses the bot's token: %(error)s."),
            _("Copy TELEGRAM_BOT_TOKEN from @BotFather: /mybots, the bot, API Token."),
        ),
        "telegram_silent": Words(
            "wrong",
            _("Telegram does not answer at %(url)s: %(error)s."),
            _("See whether this machine reaches the internet, and whether TELEGRAM_API_URL is right."),
        ),
        "webhook_well": Words("ok", _("Telegram delivers its updates to this shop.")),
        "webhook_elsewhere": Words(
            "wrong", _("Telegram sends its updates to %(told)s, not to %(wanted)s."), set_up
        ),
        "updates_missing": Words(
            "wrong", _("Telegram does not send these kinds of updates: %(missing)s."), set_up
        ),
        "webhook_secret": Words(
            "wrong",
            _("Telegram brings another secret than TELEGRAM_WEBHOOK_SECRET; %(waiting)s updates wait."),
            set_up,
        ),
        "webhook_failing": Words(
            "wrong",
            _("Telegram cannot deliver its updates: %(error)s; %(waiting)s wait."),
            _("Start the web process again, and read on here about the address and its certificate."),
        ),
        "button_well": Words("ok", _("The bot's menu button opens the shop.")),
        "button_wrong": Words("wrong", _("The bot's menu button opens %(told)s."), set_up),
        "commands_well": Words("ok", _("The bot's commands are set in every language.")),
        "commands_wrong": Words("wrong", _("The bot's commands are not set in: %(languages)s."), set_up),
        "alert_chat_open": Words("ok", _("The bot may write to the chat for alerts.")),
        "alert_chat_closed": Words(
            "wrong",
            _("The bot may not write to ALERT_CHAT_ID %(chat)s: %(error)s."),
            _("Press Start in a chat with the bot, or add it to that group."),
        ),
    }


def _of_the_door() -> dict[str, Words]:
    proxy = _("Compare your reverse proxy with deploy/nginx.conf or deploy/Caddyfile.")
    return {
        "certificate_good": Words("ok", _("The certificate of %(host)s is good for %(days)s days.")),
        "certificate_ending": Words(
            "doubtful",
            _("The certificate of %(host)s ends in %(days)s days."),
            _("See why your proxy has not renewed it yet."),
        ),
        "certificate_bad": Words(
            "wrong",
            _("The certificate of %(host)s is not accepted: %(error)s."),
            _("Use one of a public authority, and let the proxy send the whole chain (fullchain.pem)."),
        ),
        "door_well": Words("ok", _("%(url)s leads to this shop, and its web process knows the secret.")),
        "door_closed": Words(
            "wrong",
            _("%(url)s does not answer: %(error)s."),
            _("Start the web process and the reverse proxy, and see that the domain points to this machine."),
        ),
        "door_of_others": Words("wrong", _("%(url)s does not lead to this shop (status %(status)s)."), proxy),
        "door_other_secret": Words(
            "wrong",
            _("The web process behind %(url)s has another TELEGRAM_WEBHOOK_SECRET than the one set here."),
            _("Start the web process again, so that it reads the settings."),
        ),
    }
