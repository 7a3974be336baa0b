"""R3: a crash at any point converges. Every crash point of the code, killed for real, with every fault there.

The suite kills once at each crash point and plays each fault once; `--prove` plays the whole product.
"""

from collections.abc import Callable

import pytest

from sandbox import clock
from tests.crash.cases import NONE, ONCE, full
from tests.crash.matrix import Matrix, Told, repeated
from tests.proof import proved
from webapp.models import Esim, Order, Payment, Refund, Submission

pytestmark = [pytest.mark.flow, pytest.mark.long]

AT_ONCE = 20


@pytest.mark.proof
def test_a_kill_at_every_crash_point_ends_in_one_esim_or_one_refund(
    matrix: Matrix,
    request: pytest.FixtureRequest,
    in_full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    where = "postgresql" if "postgresql" in request.node.name else "sqlite"
    cases = full() if in_full else list(ONCE[where])
    began = clock.monotonic()
    for start in range(0, len(cases), AT_ONCE):
        matrix.told, matrix.kills = [], 0
        matrix.run(cases[start : start + AT_ONCE])
        if start == 0:
            matrix.kill_in_lookups()
            matrix.kill_the_web()
            matrix.kill_in_the_statement()
        matrix.come_to_rest()
        if start == 0:
            matrix.kill_at_rest()
        for told in matrix.told:
            print(f"{told.case}: {told.how}; {end_of(told)}")
        check(matrix)
        reached = {told.case.crash_point for told in matrix.told if told.how.startswith("died")}
        assert {told.case.crash_point for told in matrix.told if told.case.fault == NONE} <= reached
    run = f"{len(cases)} real kills and faults, on {where}"
    figure = "each ended in one eSIM or one refund"
    row = proved.Row("R3 a crash at any point converges", run, figure, f"– ({where})")
    record_property(proved.ROW, list(row))
    print(
        f"R3 on {where}: {len(cases)} cases in {clock.monotonic() - began:.0f} s: all delivered or refunded"
    )


def end_of(told: Told) -> str:
    bought = bought_for([told.order])
    messages = len(told.buyer.texts())
    return f"{told.order.stage}, {len(bought)} bought, {refunds_of(told)} refunded, {messages} messages"


def bought_for(orders: list[Order]) -> list[str]:
    """The provider's references of what was bought for these."""
    bought = Submission.select().where(
        Submission.order.in_(orders), Submission.esimgo_order_id.is_null(False)
    )
    return [str(submission.esimgo_order_id) for submission in bought]


def refunds_of(told: Told) -> int:
    mine = Refund.select().join(Payment).where(Payment.order == told.order, Refund.state == "done")
    return int(mine.count())


def check(matrix: Matrix) -> None:
    """What must hold, for each order and for the sums."""
    sold = matrix.shop.provider_orders()
    given_back = matrix.shop.refunds()
    for told in matrix.told:
        check_one(told)
    mine = [told.order for told in matrix.told]
    bound = bought_for(mine)
    assert set(bound) <= {order["orderReference"] for order in sold}
    delivered = [order for order in mine if order.stage in {"ready", "active", "returned"}]
    failed = [order for order in mine if order.status == "failed"]
    assert len(bound) == len(delivered), "bought once for each that was delivered, and for nobody else"
    charges = {payment.charge_id for payment in Payment.select().where(Payment.order.in_(failed))}
    assert len([refund for refund in given_back if refund["telegram_payment_charge_id"] in charges]) == len(
        failed
    )
    assert sum(repeated(told.buyer) for told in matrix.told) <= matrix.kills


def check_one(told: Told) -> None:
    """Delivered once or refunded once, never both, never neither."""
    order = told.order
    paid = list(Payment.select().where(Payment.order == order, Payment.state != "created"))
    assert len(paid) == 1, told
    assert order.stage in {"ready", "active", "failed", "returned"}, told
    assert refunds_of(told) == (order.status == "failed"), told
    assert Esim.select().where(Esim.order == order).count() == (order.stage != "failed"), told
