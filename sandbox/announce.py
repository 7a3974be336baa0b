"""`python -m sandbox.announce`: set the bot up, wait until the shop answers, print the one address."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

from sandbox import clock

BANNER = """
    Simka is running. Open this address:

        {address}

    A demo traveller can shop, pay, install and be connected there. Ctrl-C stops everything.
"""


def main(public_url: str, window: str) -> None:
    setup = [sys.executable, "-m", "flask", "--app", "wsgi", "setup-bot"]
    while subprocess.run(setup, capture_output=True, check=False).returncode != 0:
        clock.sleep(0.5)
    while not (_answers(f"{public_url}/healthz") and _answers(window)):
        clock.sleep(0.2)
    print(BANNER.format(address=window), flush=True)
    signal.pause()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    main(os.environ["PUBLIC_URL"], os.environ["TELEGRAM_SANDBOX_URL"] + "/")
