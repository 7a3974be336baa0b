"""Is the shop set up as it should be? Each check finds something, says it in words, and says what helps.

Two kinds of checks: `local` asks settings and database, and a page may; `external` asks eSIM Go, Telegram and
our own address, and is run by the jobs process (jobs/check_external.py), which saves its report for others.
"""

from webapp.operations.doctor.external import check_external
from webapp.operations.doctor.findings import Finding, State
from webapp.operations.doctor.local import check_local
from webapp.operations.doctor.report import JOB, Report, last_report, save_report, worded
from webapp.operations.doctor.words import Words, mark, summary

__all__ = [
    "JOB",
    "Finding",
    "Report",
    "State",
    "Words",
    "check_external",
    "check_local",
    "last_report",
    "mark",
    "save_report",
    "summary",
    "worded",
]
