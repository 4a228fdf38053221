"""The page: one self-contained HTML file over all settings.

from mergecast.report import read_setting, write_report
write_report("results/report.html", [read_setting("results/tiny_AdamW")], {"mergecast": "0.1.0"})
"""

from ..tables.setting import Setting
from .page import write_report
from .setting import read_setting, stems

__all__ = ["Setting", "read_setting", "stems", "write_report"]
