"""What the documentation of the JSON interface shows of every body taken and every answer given.

All of it is of one company's fourth quarter, so that an answer continues what a body asked for.
"""

from __future__ import annotations

from typing import Final

from api.examples.company import Example, Examples
from api.examples.cycles import CYCLES
from api.examples.figures import FIGURES
from api.examples.people import PEOPLE
from api.examples.sources import SOURCES
from api.examples.tasks import TASKS

__all__ = ["EXAMPLES", "Example"]

EXAMPLES: Final[Examples] = {**CYCLES, **TASKS, **PEOPLE, **FIGURES, **SOURCES}
