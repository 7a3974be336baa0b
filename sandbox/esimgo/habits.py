"""How this provider behaves where real accounts differ, or where nothing public says.

Set by `POST /_sandbox/habits` or at the start; a reset or a restart brings back those of the start.
"""

from dataclasses import dataclass, field, fields, replace

SIGNATURES = ("base64", "hex", "none")
LISTS = ("oldest", "newest", "shuffled")


@dataclass(frozen=True)
class Habits:
    """`signature`: how callbacks are signed; "none" is their version 2.
    `profile_callbacks`: whether an install is told.
    `refunds`: off at real accounts until the account manager switches it on; then revoking destroys.
    `order_s`: every order is processed for so long; 0 = only those of more than five bundles.
    `assignment_s`: how long a new bundle on an eSIM stays in the state processing.
    `sms_fails`: an SMS is accepted and then reported as failed.
    `order_list`: what GET /orders begins with; "shuffled" is in no order, the same each time.
    `bare_orders`: that list tells of an order its reference, its date and its lines' items, and no more.
    `capitals`: states are written Active rather than active.
    `costs`: tokens by method and path prefix, such as {"GET /catalogue": 5}; the longest prefix counts.
    """

    signature: str = "base64"
    profile_callbacks: bool = True
    refunds: bool = True
    order_s: float = 0.0
    assignment_s: float = 0.0
    sms_fails: bool = False
    order_list: str = "oldest"
    bare_orders: bool = False
    capitals: bool = False
    costs: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.signature not in SIGNATURES:
            raise ValueError(f"signature is one of {', '.join(SIGNATURES)}")
        if self.order_list not in LISTS:
            raise ValueError(f"order_list is one of {', '.join(LISTS)}")
        if min(self.order_s, self.assignment_s) < 0:
            raise ValueError("seconds are 0 or more")
        if not all(isinstance(cost, int) and cost > 0 for cost in self.costs.values()):
            raise ValueError("costs are whole numbers of 1 or more")

    def changed(self, wish: object) -> "Habits":
        """These habits with some of them replaced; ValueError says what is wrong with the wish."""
        if not isinstance(wish, dict):
            raise ValueError("habits are a JSON object")
        known = {one.name: getattr(self, one.name) for one in fields(self)}
        for name, value in wish.items():
            if name not in known:
                raise ValueError(f"unknown habit {name!r}; known: {', '.join(known)}")
            if not _is_like(value, known[name]):
                raise ValueError(f"{name} must be like {known[name]!r}")
        return replace(self, **wish)

    def cost(self, method: str, path: str) -> int:
        """Tokens that this call costs. Real costs are not public: 1 unless told otherwise."""
        call = f"{method} {path}"
        found = [prefix for prefix in self.costs if call.startswith(prefix)]
        return self.costs[max(found, key=len)] if found else 1


def _is_like(value: object, pattern: object) -> bool:
    if isinstance(pattern, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(pattern)
