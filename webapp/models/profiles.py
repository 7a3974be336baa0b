"""The words eSIM Go has for profiles and bundles, and what they mean here.

Profiles (help centre and API v2.5; SM-DP+ platforms differ, and unknown words are kept as they are):

- released: on no phone now. With a first installation it was on one and has been removed.
- downloaded, confirmed, error: on the way, or stuck on it.
- installed, enabled, disabled: on a phone; disabled is switched off there.
- deleted: removed from the phone. Some platforms release it again later.
- unavailable: cannot be installed. Deactivated: dead for good.

Bundles: processing, queued, active, depleted, expired, revoked, lapsed (ended without having been used).
"""

INSTALLED = frozenset({"installed", "enabled", "disabled"})
USELESS = frozenset({"deleted", "unavailable", "deactivated"})
OFF_PHONE = USELESS | {"released"}
TROUBLE = frozenset({"unavailable", "error"})
DEAD = "deactivated"

WAITING = frozenset({"processing", "queued"})
IN_USE = frozenset({"active", "depleted"})
ENDED = frozenset({"expired", "lapsed", "revoked"})
