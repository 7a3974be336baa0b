"""When somebody asks: is the shop set up as it should be, as others see it?"""

from jobs.context import Context
from webapp.operations import doctor


def run(context: Context) -> None:
    doctor.save_report(doctor.check_external(context.esimgo, context.bot, context.config))
