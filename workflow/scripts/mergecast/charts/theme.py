"""The look of all charts: two palettes, and the configuration of Vega-Lite that is made from one.

Blue and vermilion are Okabe & Ito's, told apart by readers with any colour vision; shapes differ too.
"""

SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif'
LIGHT = {
    "ink": "#1c1d20", "quiet": "#5d6168", "line": "#e2e2dc", "grid": "#e9e9e4", "missing": "#dcdcd8",
    "predictor": "#0072b2", "baseline": "#c24f00", "third": "#00795a", "fourth": "#aa5a8c", "strong-cell": "#fff",
    "diverging": ["#4b2a86", "#a99bcf", "#f7f6f4", "#f0ab5e", "#9a4a06"],
}  # fmt: skip
DARK = {
    "ink": "#e8e9ec", "quiet": "#a3a8b2", "line": "#343840", "grid": "#2b2f36", "missing": "#3b3f47",
    "predictor": "#62b4f0", "baseline": "#f2975a", "third": "#4cc9a0", "fourth": "#d79bc0", "strong-cell": "#1a1a1a",
    "diverging": ["#c0a7ee", "#8464bd", "#2a2d33", "#c4702a", "#ffc07d"],
}  # fmt: skip
VIRIDIS = ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"]
CATEGORY = ("predictor", "baseline", "third", "fourth", "ink")


def config(palette: dict, font: str = SANS) -> dict:
    """The configuration of Vega-Lite for a palette: what styles and ranges of colours stand for.

    Parameters
    ----------
    palette : dict
        `LIGHT` or `DARK`.
    font : str, default SANS

    Returns
    -------
    dict
    """

    def mark(name):
        return {"color": palette[name]}

    words = {"labelColor": palette["ink"], "titleColor": palette["quiet"], "titleFontWeight": "normal"}
    lines = {"gridColor": palette["grid"], "domainColor": palette["line"], "tickColor": palette["line"]}
    return {
        "background": "transparent",
        "font": font,
        "view": {"stroke": None},
        "axis": {**words, **lines, "labelFontSize": 12, "titleFontSize": 12, "labelFlush": False},
        "legend": {**words, "labelFontSize": 12, "titleFontSize": 12, "labelLimit": 0},
        "text": {"fontSize": 12},
        "line": {"strokeWidth": 1.8},
        "range": {
            "category": [palette[name] for name in CATEGORY],
            "diverging": palette["diverging"],
            "heatmap": VIRIDIS,
        },
        "style": {
            **{name: mark(name) for name in ("quiet", "ink", "missing", "predictor", "baseline")},
            "strong": mark("ink"),
            "weak": mark("ink"),
            "extreme": mark("strong-cell"),
            "frame": {"stroke": palette["ink"]},
            "on-dark": {"color": "#fff"},
            "on-light": {"color": "#1a1a1a"},
        },
    }


def css() -> str:
    """The colours as variables of a style sheet, light and, where the reader's system is dark, dark."""

    def variables(palette):
        return " ".join(f"--{name}: {value};" for name, value in palette.items() if isinstance(value, str))

    return (
        f":root {{ {variables(LIGHT)} --sans: {SANS}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {variables(DARK)} }} }}\n"
    )
