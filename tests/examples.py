"""The complete examples of CONTRIBUTING.md.

An example is a fenced block after a line that names its file: "`workflow/scripts/mergecast/merging/NAME.py`:"; after
"Append to `…`:" it goes to the end of a file of the library.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = "workflow/scripts/"
_BLOCK = re.compile(rf"^(Append to )?`{SCRIPTS}(mergecast/[\w/.]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FOUND = _BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
FILES = {path: text for appended, path, text in _FOUND if not appended}
ADDITIONS = {path: text for appended, path, text in _FOUND if appended}


def put(scripts: Path, *wings: str) -> list[Path]:
    """Add the examples of some wings ("features"), or of all, to a copy of the library; the files that are new or longer."""
    written = []
    for path, text in (FILES | ADDITIONS).items():
        file = scripts / path
        if wings and not path.startswith(tuple(f"mergecast/{wing}/" for wing in wings)):
            continue
        if path in FILES:
            assert not file.exists(), f"CONTRIBUTING.md writes over {path}"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        else:
            file.write_text(f"{file.read_text(encoding='utf-8')}\n\n{text}", encoding="utf-8")
        written.append(file)
    return written
