"""What a section of the page is made of: sentences first, then charts, then compact tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..charts import Figure


@dataclass(frozen=True)
class Table:
    """A sortable table: headings with whether they are numeric, rows of (class, cells), a note above."""

    head: Sequence[tuple[str, bool]]
    rows: Sequence[tuple[str, Sequence]]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """What an analysis says on the page.

    `template` is a file of the analysis' folder, in Jinja, that comes last and sees `data`; what it hands to the page's script
    is `script`, plain values.
    """

    words: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    template: str = ""
    data: Mapping = field(default_factory=dict)
    script: object = None
