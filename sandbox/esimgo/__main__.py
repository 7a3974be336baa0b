"""`python -m sandbox.esimgo`: the stand-in for eSIM Go, on loopback."""

from sandbox.server import exit_quietly

exit_quietly()  # before the slow imports

import argparse  # noqa: E402 - see above
import json  # noqa: E402 - see above
from pathlib import Path  # noqa: E402 - see above

from sandbox import clock  # noqa: E402 - see above
from sandbox.esimgo import offers  # noqa: E402 - see above
from sandbox.esimgo.app import create_app, fault_book  # noqa: E402 - see above
from sandbox.esimgo.habits import SIGNATURES  # noqa: E402 - see above
from sandbox.server import serve  # noqa: E402 - see above


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("sandbox.esimgo", description=__doc__)
    parser.add_argument("--port", type=int, default=8090, help="the control plane is also on port + 100")
    parser.add_argument("--api-key", required=True, help="accepted in X-API-Key, and signs the callbacks")
    parser.add_argument("--callback-url", help="where callbacks go; none are sent without it")
    parser.add_argument("--state", type=Path, help="file that keeps orders and eSIMs over a restart")
    parser.add_argument("--clock-file", type=Path, help="file with the clock's offset in seconds")
    parser.add_argument("--signature", choices=SIGNATURES, default="base64")
    parser.add_argument("--balance", default="1000.00", help="in dollars, on the first day")
    parser.add_argument("--rate-limit", type=int, default=10, help="calls per second and address; 0 = none")
    parser.add_argument("--habits", type=json.loads, help="a JSON object: see sandbox.esimgo.habits")
    parser.add_argument("--bundles", type=int, help="a catalogue of so many bundles (default 6000)...")
    parser.add_argument("--countries", type=int, help="...over so many countries (default 190)")
    return parser.parse_args()


def _offers(bundles: int | None, countries: int | None) -> offers.Offers:
    if bundles is None and countries is None:
        return offers.usual()
    return offers.sized(bundles or 6000, countries or 190)


def main() -> None:
    given = read_arguments()
    clock.use_offset_file(given.clock_file)
    try:
        app = create_app(
            given.api_key,
            callback_url=given.callback_url,
            state=given.state,
            signature=given.signature,
            balance=given.balance,
            rate_limit=given.rate_limit,
            habits=given.habits,
            offers=_offers(given.bundles, given.countries),
        )
    except ValueError as error:
        raise SystemExit(f"sandbox.esimgo: {error}") from error
    serve(app, given.port, fault_book(app), "sandbox.esimgo")


if __name__ == "__main__":
    main()
