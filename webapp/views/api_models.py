"""What the JSON API reads and says. These models check requests, build answers and are the OpenAPI document.

Unknown fields of a request are ignored. Times are RFC 3339, UTC, whole seconds, with Z.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel
from pydantic.json_schema import SkipJsonSchema

from webapp import catalogue
from webapp.models import STATUS, Assignment, Esim, Order, Plan
from webapp.views.wiring import shop


def _whole_seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


Moment = Annotated[datetime, AfterValidator(_whole_seconds)]
# PostgreSQL takes no NUL in a text, and no name of a plan has a control character in it.
Name = Annotated[str, Field(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Key = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]
Stage = Annotated[str, Field(json_schema_extra={"enum": list(STATUS)})]
Status = Annotated[str, Field(json_schema_extra={"enum": sorted(set(STATUS.values()))})]
PlanId = Annotated[str, Field(description="Stable: what a customer buys.", examples=["tr-3gb-30d"])]
PlanType = Annotated[str, Field(json_schema_extra={"enum": ["standard", "unlimited"]})]
BundleName = Annotated[
    str, Field(description="eSIM Go's bundle; its case counts.", examples=["esim_3GB_30D_TR_V2"])
]


# --- requests


class CatalogueQuery(BaseModel):
    country: str | SkipJsonSchema[None] = Field(
        None,
        description="ISO 3166-1 code or a region, in any case. One that nobody knows has no plans.",
        examples=["TR"],
    )
    lang: str | SkipJsonSchema[None] = Field(
        None, description="Language of names, before Accept-Language.", examples=["ru"]
    )


class OrderPath(BaseModel):
    reference: str = Field(description="The order's `id`.", examples=["q7Yw0Zl5Jd2mX4nB"])


class OrderHeaders(BaseModel):
    key: Key | SkipJsonSchema[None] = Field(
        None,
        alias="Idempotency-Key",
        description="The same key with the same body is the same order, whatever has become of it, for 48"
        " hours. The key is free for a new order before that when the request was refused, and once the old"
        " order has ended unpaid and no payment of it can be on its way any more (ten minutes at most).",
        examples=["6f1c2f0e-3a55-4b0e-9f0a-0d8b3e1c7a42"],
    )


class OrderByPlan(BaseModel):
    plan_id: Name = Field(description="A `plan_id` of the catalogue.", examples=["tr-3gb-30d"])

    @property
    def asked_for(self) -> str:
        return f"plan_id={self.plan_id}"

    def plan(self) -> Plan | None:
        return catalogue.plan(self.plan_id)


class OrderByBundle(BaseModel):
    bundle_id: Name = Field(
        description="An `esimgo_product_id` of the catalogue: the plan that it serves now is ordered.",
        examples=["esim_3GB_30D_TR_V2"],
    )

    @property
    def asked_for(self) -> str:
        return f"bundle_id={self.bundle_id}"

    def plan(self) -> Plan | None:
        return catalogue.plan_serving(self.bundle_id)


class OrderRequest(RootModel[OrderByPlan | OrderByBundle]):
    """What to order. With both fields it is the plan."""

    root: OrderByPlan | OrderByBundle = Field(union_mode="left_to_right")


# --- answers


class CataloguePlan(BaseModel):
    plan_id: PlanId
    plan_type: PlanType
    country_code: str = Field(description="ISO 3166-1, or the code of a region.", examples=["TR"])
    country_name: str = Field(description="In the language asked for.", examples=["Türkiye"])
    data_mb: int | None = Field(description="1 GB is 1000 MB; null is unlimited.", examples=[3000])
    days: int = Field(examples=[30])
    tier: str | None = Field(description="Of an unlimited plan: lite, essential or plus.")
    esimgo_product_id: BundleName
    price_thousandths: int = Field(description="Thousandths of the currency unit.", examples=[5880])
    currency: str = Field(examples=["USD"])
    stars: int = Field(description="What is paid, in Telegram Stars.", examples=[453])

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(
            plan_id=plan.plan_id,
            plan_type=plan.plan_type,
            country_code=plan.area.code.upper(),
            country_name=catalogue.place_name(plan),
            data_mb=plan.data_mb,
            days=plan.days,
            tier=plan.tier or None,
            esimgo_product_id=plan.bundle.name,
            price_thousandths=plan.retail,
            currency=plan.currency,
            stars=plan.stars,
        )


class Catalogue(BaseModel):
    """Everything on sale, or what is on sale for one area; empty for an area that nobody knows."""

    plans: list[CataloguePlan]

    @classmethod
    def of(cls, plans: Iterable[Plan]) -> Self:
        return cls(plans=[CataloguePlan.of(plan) for plan in plans])


class OrderModel(BaseModel):
    """One purchase. `qr_code` and `activation_code` are secrets of its buyer."""

    id: str = Field(description="Ours, unguessable.", examples=["q7Yw0Zl5Jd2mX4nB"])
    telegram_user_id: int = Field(examples=[123456789])
    country_code: str = Field(examples=["TR"])
    country_name: str = Field(examples=["Türkiye"])
    plan_id: PlanId
    plan_type: PlanType
    esimgo_order_id: str | None = Field(description="eSIM Go's reference, once it was bought.")
    esimgo_product_id: BundleName
    status: Status
    qr_code: str | None = Field(
        description="A PNG as a data URI.", examples=["data:image/png;base64,iVBORw0KGgo="]
    )
    activation_code: str | None = Field(examples=["LPA:1$rsp.example.com$X1AAA-00000-00001"])
    created_at: Moment
    activated_at: Moment | None = Field(description="First installed or first used, whichever was earlier.")

    @staticmethod
    def fields_of(order: Order, esim: Esim | None) -> dict[str, object]:
        stage = order.stage  # once: it may end at this very moment
        return {
            "id": order.reference,
            "telegram_user_id": order.telegram_user_id,
            "country_code": order.country_code.upper(),
            "country_name": catalogue.place_name(order),
            "plan_id": order.plan_id,
            "plan_type": order.plan_type,
            "esimgo_order_id": order.esimgo_order_id,
            "esimgo_product_id": order.esimgo_product_id,
            "stage": stage,
            "status": order.status_in(stage),
            "qr_code": esim and shop().qr_uri(esim.activation_code),
            "activation_code": esim and esim.activation_code,
            "created_at": order.created_at,
            "activated_at": order.activated_at,
        }


class PlacedOrder(OrderModel):
    """The order, and the way to pay for it."""

    invoice_url: str | None = Field(
        description="Opens the payment sheet (WebApp.openInvoice). Null while Telegram does not answer (send"
        " the same request again), when the customer has asked for too many in the last hour, and when there"
        " is nothing to pay any more.",
        examples=["https://t.me/$aBcDeF"],
    )

    @classmethod
    def of(cls, order: Order, invoice_url: str | None) -> Self:
        return cls.model_validate(cls.fields_of(order, Esim.of(order)) | {"invoice_url": invoice_url})


class EsimModel(BaseModel):
    iccid: str = Field(examples=["8944000000000000001"])
    profile_status: str = Field(
        description="As eSIM Go tells it, in lower case.", examples=["released", "installed"]
    )

    @classmethod
    def of(cls, esim: Esim) -> Self:
        return cls(iccid=esim.iccid, profile_status=esim.profile_status)


class UsageModel(BaseModel):
    """The plan on the eSIM. Bytes are null when it is unlimited or eSIM Go has not told them yet."""

    state: str = Field(examples=["queued", "active", "depleted", "expired"])
    unlimited: bool
    initial_bytes: int | None = Field(examples=[3_000_000_000])
    remaining_bytes: int | None = Field(examples=[2_500_000_000])
    starts_at: Moment | None
    ends_at: Moment | None

    @classmethod
    def of(cls, assignment: Assignment) -> Self:
        return cls.model_validate({name: getattr(assignment, name) for name in cls.model_fields})


class OrderStatus(OrderModel):
    """The order, how far it is, and the eSIM that it has brought."""

    stage: Stage = Field(description="`status` in finer steps.")
    deadline_at: Moment | None = Field(description="Delivered or refunded by then; null while it is unpaid.")
    esim: EsimModel | None
    usage: UsageModel | None

    @classmethod
    def of(cls, order: Order, esim: Esim | None, assignment: Assignment | None) -> Self:
        return cls.model_validate(
            cls.fields_of(order, esim)
            | {
                "deadline_at": order.deadline_at,
                "esim": esim and EsimModel.of(esim),
                "usage": assignment and UsageModel.of(assignment),
            }
        )


class Problem(BaseModel):
    code: str = Field(description="Stable, for programs.", examples=["not_for_sale"])
    message: str = Field(
        description="For people: in the customer's language, else in the one of Accept-Language.",
        examples=["This plan is not for sale now."],
    )


class ErrorAnswer(BaseModel):
    """The one form of every error."""

    error: Problem


# --- webhooks


class TelegramUpdate(BaseModel):
    """An Update of the Bot API; further fields by its kind."""

    model_config = ConfigDict(extra="allow")

    update_id: int


class BotCall(BaseModel):
    """Nothing, or a method of the Bot API that Telegram carries out for the bot."""

    model_config = ConfigDict(extra="allow")

    method: str = Field(default="", examples=["answerPreCheckoutQuery"])


class Callback(BaseModel):
    """eSIM Go's callback V3; only `iccid` is read, the rest is asked for at the provider."""

    model_config = ConfigDict(extra="allow")

    iccid: str | int | None = Field(default=None, examples=["8944000000000000001"])


class Received(BaseModel):
    """Stored; it is acted on within seconds."""

    status: str = Field(examples=["ok"])
