"""`python -m jobs`: the scheduler. `... run NAME`: one job, once. `... doctor`: is the shop set up well?
`... smoke-live`: does the key of eSIM Go work?
"""

import sys

from jobs import doctor, runner, schedule, smoke
from webapp.base import private_files
from webapp.base.config import Config, ConfigError


def main(arguments: list[str]) -> int:
    try:
        return _run(arguments, Config.read())
    except ConfigError as error:
        print(f"simka: {error}", file=sys.stderr)  # noqa: T201 - the one line a person reads
        return 2


def _run(arguments: list[str], config: Config) -> int:
    if not arguments:
        schedule.run_for_ever(config)
        return 0
    if len(arguments) == 2 and arguments[0] == "run" and arguments[1] in schedule.NAMES:
        return schedule.run_once(config, arguments[1])
    if arguments in (["doctor"], ["doctor", "en"], ["doctor", "ru"]):
        return doctor.run(config, *arguments[1:])
    if arguments == ["smoke-live"]:
        return smoke.run(config)
    names = ",".join(sorted(schedule.NAMES))
    print(f"usage: python -m jobs [run {{{names}}} | doctor [en|ru] | smoke-live]", file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    private_files.keep()
    runner.stop_on_sigterm()
    sys.exit(main(sys.argv[1:]))
