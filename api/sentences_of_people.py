"""What is wrong with changes of people, metrics and scorecards, in sentences that say what to do."""

from __future__ import annotations

from typing import Final

from api.i18n import later as _

SENTENCES_OF_PEOPLE: Final[dict[str, tuple[str, ...]]] = {
    # Weights.
    "weights-kept-too-large": (
        _("The weights you changed come to %(total)s already and leave nothing for the rest. Please lower one."),
        _("The weights you changed leave nothing for the rest. Please lower one."),
    ),
    "weights-nothing-to-rescale": (
        _("There is no other weight to rescale: you changed them all. Please make them add to 100 yourself."),
    ),
}
