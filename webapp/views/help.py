"""Help: questions and answers, and how to install on each kind of phone. Public, also outside Telegram."""

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from webapp.base import support_link
from webapp.base.i18n import N_
from webapp.views import page
from webapp.views.wiring import shop

blueprint = Blueprint("help", __name__)

QUESTIONS = {
    "phone": N_("Does my phone support eSIM?"),
    "install": N_("How do I install it?"),
    "start": N_("When does it start?"),
    "no-signal": N_("It does not connect"),
    "top-up": N_("My data is running out"),
    "refunds": N_("Can I get my money back?"),
}
GUIDES = {
    "iphone": N_("iPhone and iPad"),
    "samsung": N_("Samsung Galaxy"),
    "pixel": N_("Google Pixel"),
    "xiaomi": N_("Xiaomi, Redmi and POCO"),
    "huawei": N_("Huawei and Honor"),
    "android": N_("Other Android phones"),
}
TITLES = QUESTIONS | GUIDES
"""By the last part of the address: /help/phone, /help/iphone. Each has its text in templates/help/topics/."""


@blueprint.get("/help")
def index() -> Response:
    return page.render(
        "help/index", questions=QUESTIONS, guides=GUIDES, support_link=support_link.link(shop().config)
    )


@blueprint.get("/help/<topic>")
def topic(topic: str) -> Response:
    if topic not in TITLES:
        raise NotFound
    return page.render(
        "help/topic",
        topic=topic,
        title=TITLES[topic],
        guides=GUIDES,
        support_link=support_link.link(shop().config),
    )
