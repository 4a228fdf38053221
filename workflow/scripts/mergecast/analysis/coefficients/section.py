"""What each predictor leans on."""

from .._section import Section
from .figure import draw


def section(setting) -> Section | None:
    """The squares; None where no predictor has a coefficient per metric."""
    if not setting.headline["coefficients"].feature.isin(list(setting.categories)).any():
        return None
    return Section(figures=[draw(setting)])
