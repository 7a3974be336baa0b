"""What a plan costs: the wholesale price and the owner's rules.

A rule is for the whole shop, for an area, or for one plan. Field by field the most specific one wins; below
them all stands MARKUP_PERCENT. No rule and no setting makes the shop sell below its cost. Money in
thousandths.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from webapp.base import money
from webapp.base.config import Config
from webapp.base.i18n import N_, gettext, language
from webapp.base.i18n import gettext as _
from webapp.catalogue import generation
from webapp.catalogue.snapshot import write
from webapp.models import Area, Bundle, BundleEvent, Plan, PriceRule, Setting

MOST_PERCENT = Decimal(1000)
TELEGRAM_PAYS_USD = Decimal("0.013")
"""What a Star brings its seller (Telegram's terms for bot developers, 6.2.3)."""

_IN_FORCE = "pricing.settings"
_COMMISSION = "pricing.commission_permille"

NAMELESS = N_("a rule for an area or a plan names it; the shop's rule names nothing")
EMPTY = N_("a rule needs a markup, a floor or a fixed price")
FIELDS = {
    "scope": N_("a rule is for the shop, an area or a plan"),
    "markup_percent": N_("a markup must be from 0 to 1000 percent"),
    "floor": N_("an amount must be from 0 to a million"),
    "fixed": N_("an amount must be from 0 to a million"),
}
"""What is wrong with a rule, by its field."""

Amount = Annotated[int, Field(ge=0, le=10**9)]


class RuleRefused(Exception):
    """The sentence says why this is no price to sell at."""


class Rule(BaseModel):
    """`target` is an area's code or a plan_id; the shop's own rule has none.

    `floor` is the least margin on top of the wholesale price, `fixed` a price instead of any markup, also of
    a more specific rule's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    scope: Literal["shop", "area", "plan"]
    target: str = ""
    markup_percent: Annotated[Decimal, Field(ge=0, le=MOST_PERCENT)] | None = None
    floor: Amount | None = None
    fixed: Amount | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if bool(self.target) is (self.scope == "shop"):
            raise ValueError(NAMELESS)
        if self.markup_percent is None and self.floor is None and self.fixed is None:
            raise ValueError(EMPTY)
        return self

    @property
    def key(self) -> tuple[str, str]:
        return self.scope, self.target


Rules = Mapping[tuple[str, str], Rule]


def rules() -> Rules:
    """Errors: RuleRefused when what is stored cannot be understood."""
    try:
        found = [_rule(row) for row in PriceRule.select().order_by(PriceRule.id)]
    except (ValidationError, InvalidOperation) as error:
        reason = _reason(error) if isinstance(error, ValidationError) else error
        raise RuleRefused(f"the stored rules cannot be understood: {reason}") from None
    return {rule.key: rule for rule in found}


def _rule(row: PriceRule) -> Rule:
    markup = None if row.markup_percent is None else Decimal(row.markup_percent)
    fields = {"scope": row.scope, "target": row.target, "floor": row.floor, "fixed": row.fixed}
    return Rule.model_validate(fields | {"markup_percent": markup})


def rule(**values: Any) -> Rule:
    """A rule of these fields. Errors: RuleRefused."""
    try:
        return Rule(**values)
    except ValidationError as error:
        raise RuleRefused(_reason(error)) from None


def _reason(error: ValidationError) -> str:
    first = error.errors()[0]
    if said := [FIELDS[str(part)] for part in first["loc"] if part in FIELDS]:
        return gettext(said[0])
    return gettext(str(first["msg"]).removeprefix("Value error, "))


# --- the settings that prices are made with


class PricedBy(NamedTuple):
    """MARKUP_PERCENT, STAR_USD and CURRENCY of the process that was started last: all others price with
    these until one is started anew. `commission`: so many thousandths of a price affiliates have got lately.
    """

    markup_percent: Decimal
    star_usd: Decimal
    currency: str
    commission: int = 0

    @classmethod
    def of(cls, config: Config, commission: int = 0) -> Self:
        return cls(config.markup_percent, config.star_usd, config.currency, commission)


def in_force(config: Config) -> PricedBy:
    """What prices are made with now; by `config` where no process has said so yet."""
    told = Setting.read(_IN_FORCE)
    if told is None:
        return from_next_start(config)
    return PricedBy(Decimal(told[0]), Decimal(told[1]), told[2], _commission())


def from_next_start(config: Config) -> PricedBy:
    """What prices are made with once a process with these settings is started."""
    return PricedBy.of(config, _commission())


def _commission() -> int:
    permille: int = Setting.read(_COMMISSION, 0)
    return permille


def follow_settings(config: Config) -> int:
    """From now on prices are made with these settings; a process says so when it starts. Returns how many
    plans that has repriced. Errors: RuleRefused.
    """
    wanted = from_next_start(config)
    if Setting.read(_IN_FORCE) is not None and in_force(config) == wanted:
        return 0
    with generation.change():
        note_in_force(wanted)
        return _reprice(_every_plan(), wanted, rules())


def note_in_force(settings: PricedBy) -> None:
    Setting.write(_IN_FORCE, [str(settings.markup_percent), str(settings.star_usd), settings.currency])


def follow_commission(permille: int, config: Config) -> int:
    """Affiliates get so many thousandths of a price by now: no plan is sold below its cost for that. Returns
    how many plans that has repriced. Errors: RuleRefused.
    """
    if _commission() == permille:
        return 0
    with generation.change():
        Setting.write(_COMMISSION, permille)
        return _reprice(_every_plan(), in_force(config), rules())


# --- a price


def price(wholesale: int, area: str, plan_id: str, by: PricedBy, given: Rules) -> int:
    """What the plan costs under these rules, in thousandths, whole hundredths."""
    levels = [given.get(key) for key in (("plan", plan_id), ("area", area), ("shop", ""))]
    present = [rule for rule in levels if rule is not None]
    markup = next((r.markup_percent for r in present if r.markup_percent is not None), by.markup_percent)
    floor = next((r.floor for r in present if r.floor is not None), 0)
    fixed = next((r.fixed for r in present if r.fixed is not None), None)
    wanted = money.retail(wholesale, markup) if fixed is None else money.rounded_up(fixed)
    return max(wanted, money.rounded_up(wholesale + floor))


def priced(wholesale: int, area: str, plan_id: str, by: PricedBy, given: Rules) -> tuple[int, int]:
    """What the plan costs, in thousandths and in Stars. These bring in its wholesale price at what Telegram
    really pays, whatever STAR_USD says.
    """
    retail = price(wholesale, area, plan_id, by, given)
    return retail, max(money.stars(retail, by.star_usd), fewest_stars(wholesale, by))


def fewest_stars(cost: int, by: PricedBy) -> int:
    """For fewer Stars something of this cost (thousandths) would be sold below it."""
    left = Decimal(1000 - by.commission) / 1000
    return money.stars(cost, min(by.star_usd, TELEGRAM_PAYS_USD) * left)


# --- changing the rules


def set_rule(rule: Rule, config: Config) -> int:
    """From now on this holds, in place of the rule for the same; returns how many plans that has repriced.

    Errors: RuleRefused.
    """
    with generation.change():
        given = {**rules(), rule.key: rule}
        by = in_force(config)
        _refuse_what_hurts(rule, given, by)
        return _enact(given, by)


def remove_rule(scope: str, target: str, config: Config) -> int:
    """Returns how many plans that has repriced. Errors: RuleRefused when there is no such rule."""
    with generation.change():
        given = dict(rules())
        if given.pop((scope, target), None) is None:
            nothing = _("there is no rule for %(target)s") if target else _("there is no rule for the shop")
            raise RuleRefused(nothing % {"target": target})
        return _enact(given, in_force(config))


def preview(rule: Rule, config: Config) -> list[tuple[Plan, int, int]]:
    """Plans on sale that would cost something else: with the price before and after. Errors: RuleRefused."""
    given, by = {**rules(), rule.key: rule}, in_force(config)
    _refuse_what_hurts(rule, given, by)
    found = [(plan, plan.retail, _priced(plan, by, given)[0]) for plan in _sold_under(rule)]
    return [(plan, before, after) for plan, before, after in found if before != after]


def _refuse_what_hurts(rule: Rule, given: Rules, by: PricedBy) -> None:
    _refuse_strangers(rule)
    for plan in _sold_under(rule):
        cost, after = plan.bundle.wholesale, _priced(plan, by, given)[0]
        if rule.fixed is not None and rule.fixed < cost:
            below = _("%(plan)s would cost %(asked)s, below its wholesale price of %(wholesale)s")
            raise _absurd(plan, rule.fixed, below)
        if cost and after > money.retail(cost, MOST_PERCENT):
            above = _(
                "%(plan)s would cost %(asked)s, more than %(percent)s %% above its wholesale price of "
                "%(wholesale)s"
            )
            raise _absurd(plan, after, above)


def _absurd(plan: Plan, asked: int, sentence: str) -> RuleRefused:
    amounts = {"asked": asked, "wholesale": plan.bundle.wholesale}
    texts = {name: money.money_text(amount, plan.currency, language()) for name, amount in amounts.items()}
    return RuleRefused(sentence % {"plan": plan.plan_id, "percent": MOST_PERCENT, **texts})


def _refuse_strangers(rule: Rule) -> None:
    if rule.scope == "area" and not Area.select().where(Area.code == rule.target).exists():
        raise RuleRefused(_("there is no area %(code)s") % {"code": rule.target})
    if rule.scope == "plan" and not Plan.select().where(Plan.plan_id == rule.target).exists():
        raise RuleRefused(_("there is no plan %(code)s") % {"code": rule.target})


def _sold_under(rule: Rule) -> Iterable[Plan]:
    query: Any = Plan.select(Plan, Bundle).join(Bundle).where(Plan.available).order_by(Plan.plan_id)
    if rule.scope == "area":
        query = query.where(Plan.area == rule.target)
    elif rule.scope == "plan":
        query = query.where(Plan.plan_id == rule.target)
    return list(query)


def _enact(given: Rules, by: PricedBy) -> int:
    PriceRule.delete().execute()
    PriceRule.insert_many([rule.model_dump(mode="json") for rule in given.values()]).execute()
    return _reprice(_every_plan(), by, given)


# --- repricing


def is_sold_below(bundle: Bundle, cost: int, config: Config) -> bool:
    """Is a plan of this bundle on sale for fewer Stars than it costs at this price of eSIM Go's?"""
    fewest = fewest_stars(cost, in_force(config))
    return bool(Plan.select().where(Plan.bundle == bundle, Plan.available, Plan.stars < fewest).exists())


def reprice(bundle: Bundle, wholesale: int, config: Config) -> None:
    """eSIM Go wants another price than its catalogue said: sell at that one from now on."""
    with generation.change() as number:
        BundleEvent.create(
            generation=number,
            bundle=bundle.name,
            kind="price",
            wholesale_before=bundle.wholesale,
            wholesale_after=wholesale,
        )
        Bundle.update(wholesale=wholesale).where(Bundle.id == bundle.id).execute()
        _reprice(_every_plan().where(Plan.bundle == bundle), in_force(config), rules())
    bundle.wholesale = wholesale


def _every_plan() -> Any:
    return Plan.select(Plan, Bundle).join(Bundle)


def _reprice(plans: Iterable[Plan], by: PricedBy, given: Rules) -> int:
    """Write what differs; returns how many plans that were."""
    changed: list[dict[str, Any]] = []
    for plan in plans:
        retail, stars = _priced(plan, by, given)
        if (retail, stars, by.currency) != (plan.retail, plan.stars, plan.currency):
            row = plan.__data__ | {"retail": retail, "stars": stars, "currency": by.currency}
            changed.append({name: value for name, value in row.items() if name != "id"})
    write(Plan, "plan_id", changed)
    return len(changed)


def _priced(plan: Plan, by: PricedBy, given: Rules) -> tuple[int, int]:
    return priced(plan.bundle.wholesale, plan.__data__["area"], plan.plan_id, by, given)
