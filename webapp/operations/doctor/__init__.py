"""Is the shop set up as it should be? Each check finds something, says it in words, and says what helps.

Two kinds of checks: `local` asks settings and database, and a page may; `outside` asks eSIM Go, Telegram and
our own address, and is run by the jobs process (jobs/check_outside.py), which leaves its findings for others.
"""

from webapp.operations.doctor.findings import Finding, State
from webapp.operations.doctor.local import check_local
from webapp.operations.doctor.outside import check_outside
from webapp.operations.doctor.report import JOB, Report, last_report, save_report, worded
from webapp.operations.doctor.words import Words, mark, summary

__all__ = [
    "JOB",
    "Finding",
    "Report",
    "State",
    "Words",
    "check_local",
    "check_outside",
    "last_report",
    "mark",
    "save_report",
    "summary",
    "worded",
]
