"""The emulator as a WSGI app: eSIM Go API v2.5 under /v2.5, the control plane under /_sandbox/."""

from pathlib import Path

from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from sandbox.esimgo import orders, wrong_answers
from sandbox.esimgo.control import control
from sandbox.esimgo.delivery import Delivery
from sandbox.esimgo.errors import Refused
from sandbox.esimgo.habits import Habits
from sandbox.esimgo.here import Sandbox, fault_kind, sandbox
from sandbox.esimgo.limits import Left, RateLimit
from sandbox.esimgo.money import thousandths
from sandbox.esimgo.offers import Offers
from sandbox.esimgo.routes import account, bundles, catalogue, esims, install
from sandbox.esimgo.routes import orders as order_routes
from sandbox.esimgo.world import World
from sandbox.faults import CallLog, FaultBook, UnderFaults
from sandbox.server import StateFile

BASE = "/v2.5"
KINDS = {
    # statuses: nothing was done
    "400",
    "429",
    "500",
    "503",
    # of the connection and of the form, played by sandbox.faults; out_of_funds: the balance is shown empty
    "reset_before",
    "reset_after_commit",
    "commit_late",
    "down",
    "hang",
    "slow",
    "broken_json",
    "wrong_shape",
    "out_of_funds",
    # prices: a quarter more; times `factor` (a tenth more)
    "price_changed",
    "price_drift",
    # purchases: worked on and charged twice, one of them told; in no list before after_s (30 s) are over. Met
    # by GET /orders, late_visible hides there what is younger.
    "duplicate_order",
    "late_visible",
    # GET /orders: any createdAt is a 400; any createdAt counts for nothing
    "filter_refused",
    "filter_ignored",
    *wrong_answers.KINDS,
}
WRONG_SHAPE = {"data": [None, {"unexpected": True}], "version": 6}


class EsimGo(Flask):
    """One request at a time reads and changes the world, and is in the state file before it is answered."""

    def dispatch_request(self) -> ResponseReturnValue:
        world = sandbox().world
        before = world.changes
        try:
            with world.lock:
                orders.finish_due(world)
                return super().dispatch_request()
        finally:
            if world.changes != before:
                world.save()


def create_app(
    api_key: str,
    *,
    callback_url: str | None = None,
    state: Path | None = None,
    balance: str = "1000.00",
    rate_limit: int = 10,
    signature: str = "base64",
    habits: object = None,
    offers: Offers | None = None,
) -> Flask:
    """The emulator; its book of faults, which a SandboxServer needs, is `fault_book(app)`."""
    delivery = Delivery(callback_url, api_key)
    first_habits = Habits(signature=signature).changed({} if habits is None else habits)
    world = World(StateFile(state), delivery, thousandths(balance), first_habits, offers)
    here = Sandbox(api_key, world, FaultBook(KINDS), CallLog(), RateLimit(rate_limit))
    app = EsimGo("sandbox.esimgo", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the answers are read by people, too
    app.extensions["sandbox"] = here
    for part in (catalogue, order_routes, esims, bundles, install, account):
        app.register_blueprint(part.routes, url_prefix=BASE)
    app.register_blueprint(control)
    app.before_request(_admit)
    app.after_request(_finish)
    app.register_error_handler(Refused, _refuse)
    app.register_error_handler(HTTPException, _unknown)
    app.wsgi_app = UnderFaults(app.wsgi_app, here.faults, here.calls, _api_path)  # type: ignore[method-assign]
    return app


def fault_book(app: Flask) -> FaultBook:
    here: Sandbox = app.extensions["sandbox"]
    return here.faults


def _api_path(path: str) -> str | None:
    """The path below the API's root; None for the control plane."""
    return path.removeprefix(BASE) if path.startswith(BASE + "/") else None


def _is_api() -> bool:
    return _api_path(request.path) is not None


def _admit() -> None:
    """What is decided before an API call reaches its work: faults, the rate limit, the key."""
    if not _is_api():
        return
    _refuse_by_fault()
    g.left = sandbox().limit.spend(request.remote_addr or "", _cost())
    if not g.left.admitted:
        raise Refused(429, "Rate limit exceeded", retry_after_s=1)
    if request.headers.get("X-API-Key") != sandbox().api_key:
        raise Refused(403, "Forbidden")


def _left() -> Left:
    """What this call has left to its address; a fault that meets it costs nothing."""
    left: Left = g.left if "left" in g else sandbox().limit.look(request.remote_addr or "")
    return left


def _cost() -> int:
    return sandbox().world.habits.cost(request.method, request.path.removeprefix(BASE))


def _refuse_by_fault() -> None:
    kind = fault_kind()
    after_s = int(request.environ["sandbox.fault"].after_s) if kind else 0
    is_order = request.method == "POST" and request.path == f"{BASE}/orders"
    if kind == "400":
        raise Refused(400, "bundle is not available", plain=is_order)
    if kind == "429":
        raise Refused(429, "Rate limit exceeded", retry_after_s=after_s or 1)
    if kind == "500":
        raise Refused(500, "Internal server error")
    if kind == "503":
        raise Refused(503, "Processing", plain=is_order, retry_after_s=after_s or 5)


def _finish(answer: Response) -> Response:
    if _is_api():
        answer.headers.extend(_left().headers(_cost()))
        if fault_kind() == "wrong_shape" and answer.status_code < 400:
            answer.data = jsonify(WRONG_SHAPE).data
            answer.content_type = "application/json"
        if answer.status_code < 400 and request.path.startswith(wrong_answers.TELLING):
            _answer_wrongly(answer)
    return answer


def _answer_wrongly(answer: Response) -> None:
    """What the fault makes of an answer about purchases; the right one is kept for a later swapped_answer."""
    told = answer.get_json(silent=True)
    if told is None:
        return
    body = request.get_json(silent=True) or {}
    question = f"{request.method} {request.url_rule} {body.get('type', '')}"
    earlier = sandbox().said.get(question)
    sandbox().said[question] = told
    with sandbox().world.lock:
        wrong = wrong_answers.instead(fault_kind(), told, earlier, sandbox().world)
    if wrong != told:
        answer.data = jsonify(wrong).data


def _refuse(error: Refused) -> ResponseReturnValue:
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s else {}
    if error.plain:
        return error.message, error.status, {**headers, "Content-Type": "text/plain"}
    return {"message": error.message}, error.status, headers


def _unknown(error: HTTPException) -> ResponseReturnValue:
    """404 and the like, in the API's envelope; the control plane has its own."""
    key = "message" if _is_api() else "error"
    return {key: error.description or error.name}, error.code or 500
