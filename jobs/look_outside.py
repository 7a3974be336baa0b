"""When somebody asks: is the shop set up as it should be, as others see it?"""

from jobs.context import Context
from webapp.operations import doctor


def run(context: Context) -> None:
    doctor.keep(doctor.look_outside(context.esimgo, context.bot, context.config))
