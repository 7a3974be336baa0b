"""python -m sandbox.telegram --port 8091 --token 123456:TEST --app-url http://127.0.0.1:8000"""

import argparse
from pathlib import Path

from sandbox import clock
from sandbox.server import CONTROL_PORT_DISTANCE, exit_quietly, serve


def main() -> None:
    exit_quietly()
    from sandbox.telegram.app import create_app, fault_book

    told = _arguments()
    clock.use_offset_file(told.clock_file)
    app = create_app(
        token=told.token,
        app_url=told.app_url,
        esimgo_url=told.esimgo_url,
        control_url=f"http://127.0.0.1:{told.port + CONTROL_PORT_DISTANCE}",
        state=told.state,
    )
    serve(app, told.port, fault_book(app), "sandbox.telegram")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.telegram", description="A stand-in for Telegram."
    )
    parser.add_argument("--port", type=int, default=8091, help="control plane alone: this port + 100")
    parser.add_argument("--token", default="123456:TEST", help="the bot's token")
    parser.add_argument("--app-url", default="http://127.0.0.1:8000", help="first page of the Mini App")
    parser.add_argument("--esimgo-url", default="http://127.0.0.1:8090", help="the eSIM Go stand-in")
    parser.add_argument("--state", type=Path, help="remember everything in this file")
    parser.add_argument("--clock-file", type=Path, help="seconds by which the clock is ahead")
    return parser.parse_args()


if __name__ == "__main__":
    main()
