"""`python -m jobs run NAME` asks the leader for a job while one leads; here it is run."""

from jobs import runner
from jobs.context import Context
from webapp.base import clock
from webapp.models import JobRequest


def run(context: Context) -> None:
    """Each is closed before its job runs: one that ends the process, or asks for itself, runs once. What is
    still "running" when this begins was cut off with its process.
    """
    cut_off = JobRequest.result == "running"
    if JobRequest.select().where(cut_off).exists():
        JobRequest.update(result="failed").where(cut_off).execute()
    for request in JobRequest.select().where(JobRequest.done_at.is_null()).order_by(JobRequest.id):
        _close(request, "running")
        job = context.jobs.get(request.name)
        result = "done" if job and runner.run(job, context) else "failed"
        _close(request, result)


def _close(request: JobRequest, result: str) -> None:
    JobRequest.update(done_at=clock.now(), result=result).where(JobRequest.id == request.id).execute()
