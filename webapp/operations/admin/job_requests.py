"""What a page asks of the jobs process."""

from webapp.models import JobRequest


def ask(job: str) -> None:
    """Run it soon; one that is asked for already is not asked for twice."""
    waiting = JobRequest.select().where(JobRequest.name == job, JobRequest.done_at.is_null())
    if not waiting.exists():
        JobRequest.create(name=job)
