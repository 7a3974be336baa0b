"""What a page asks of the jobs process."""

from webapp.models import JobRequest


def enqueue(job: str) -> None:
    """Let the leader run it soon. One that is waiting already is not added twice."""
    waiting = JobRequest.select().where(JobRequest.name == job, JobRequest.done_at.is_null())
    if not waiting.exists():
        JobRequest.create(name=job)
