"""R3: a crash at any point converges. Every crash point of the code, killed for real, with every fault there.

The suite kills once at each crash point and plays each fault once; `--full-matrix` plays the whole product.
"""

from collections.abc import Callable

import pytest

from sandbox import clock
from tests.crash.cases import full, once
from tests.crash.matrix import Matrix, Told, reading
from tests.stack import Stack, Traveller
from webapp.models import Payment, Refund, Submission

pytestmark = pytest.mark.flow

AT_ONCE = 12


def test_a_kill_at_every_crash_point_ends_in_one_esim_or_one_refund(
    shop: Stack, traveller: Callable[..., Traveller], request: pytest.FixtureRequest
) -> None:
    on_postgresql = "postgresql" in request.node.name
    whole = request.config.getoption("--full-matrix")
    cases = full() if whole else once(int(on_postgresql))
    began = clock.monotonic()
    with reading(shop) as config:
        for start in range(0, len(cases), AT_ONCE if whole else len(cases)):
            matrix = Matrix(shop, traveller, config)
            matrix.run(cases[start : start + AT_ONCE] if whole else cases)
            if start == 0:
                matrix.kill_the_web()
                matrix.kill_in_the_statement()
            matrix.come_to_rest()
            for told in matrix.told:
                print(f"{told.case}: {told.how}; {end_of(told)}")
            check(matrix)
    where = "PostgreSQL" if on_postgresql else "SQLite"
    print(f"R3 on {where}: {len(cases)} cases in {clock.monotonic() - began:.0f} s, seed none, all converge")


def end_of(told: Told) -> str:
    bought = told.order.submissions.where(Submission.esimgo_order_id.is_null(False)).count()
    return f"{told.order.stage}, {bought} bought, {refunds_of(told)} refunded, {len(told.buyer.texts())} messages"


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
    bound = {
        row.esimgo_order_id
        for row in Submission.select().where(
            Submission.order.in_(mine), Submission.esimgo_order_id.is_null(False)
        )
    }
    assert bound <= {order["orderReference"] for order in sold}
    delivered = [order for order in mine if order.stage in {"ready", "active"}]
    failed = [order for order in mine if order.stage == "failed"]
    assert len(bound) == len(delivered), "bought once for each that was delivered, and for nobody else"
    charges = {payment.charge_id for payment in Payment.select().where(Payment.order.in_(failed))}
    assert len([refund for refund in given_back if refund["telegram_payment_charge_id"] in charges]) == len(failed)
    assert sum(repeat for repeat in map(_repeated, matrix.told)) <= matrix.kills


def check_one(told: Told) -> None:
    """Delivered once or refunded once, never both, never neither."""
    order = told.order
    paid = list(Payment.select().where(Payment.order == order, Payment.state != "created"))
    assert len(paid) == 1, told
    assert (order.stage in {"ready", "active"}, refunds_of(told)) in {(True, 0), (False, 1)}, told
    assert order.esims.count() == (order.stage != "failed"), told


def _repeated(told: Told) -> int:
    from tests.crash.matrix import repeated

    return repeated(told.buyer)
