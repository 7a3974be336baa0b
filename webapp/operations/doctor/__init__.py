"""Is the shop set up as it should be? Each check finds something, says it in words, and says what helps.

Two rooms of checks: `here` asks settings and database, and a page may; `outside` asks eSIM Go, Telegram and
our own address, and is run by the jobs process (jobs/look_outside.py), which leaves its findings for others.
"""

from webapp.operations.doctor.findings import Finding, State
from webapp.operations.doctor.here import look as look_here
from webapp.operations.doctor.outside import look as look_outside
from webapp.operations.doctor.report import JOB, Look, keep, kept, told
from webapp.operations.doctor.words import Words, mark, summary

__all__ = [
    "JOB",
    "Finding",
    "Look",
    "State",
    "Words",
    "keep",
    "kept",
    "look_here",
    "look_outside",
    "mark",
    "summary",
    "told",
]
