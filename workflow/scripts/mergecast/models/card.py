"""The card of a merged model: what a page on the hub shows of it, and which models it was made of."""

import json
from collections.abc import Mapping

from ..files import packages


def model_card(
    *,
    method: str,
    parameters: Mapping,
    base: Mapping[str, str],
    models: Mapping[str, Mapping[str, str]],
    forecast: Mapping | None = None,
) -> str:
    """A README.md with a header of metadata, in Markdown.

    Parameters
    ----------
    method : str
    parameters : mapping from name to value
        Of the method.
    base : mapping
        `name`, as it was given (a repository of the hub, or the name of a file), and `sha256` of its tensors.
    models : mapping from name to such a mapping
    forecast : mapping, optional
        Of `forecasting.said`: what the merge was forecast to keep, and what was measured.

    Returns
    -------
    str
        Nothing in it is of the clock or the machine.
    """
    sources = [base["name"], *(model["name"] for model in models.values())]
    head = ["---", "base_model:", *(f"- {json.dumps(name, ensure_ascii=False)}" for name in sources)]
    head += ["tags:", "- merge", "- mergecast", "---", ""]
    rows = [f"| {name} | `{model['name']}` | `{model['sha256']}` |" for name, model in models.items()]
    return "\n".join(
        [
            *head,
            f"# Merge of {', '.join(models)}",
            "",
            f"Merged in weight space by `{method}` with Mergecast {packages()['mergecast']}.",
            "",
            f"Parameters: `{json.dumps(dict(parameters), sort_keys=True)}`",
            "",
            "| | source | SHA-256 of its tensors |",
            "|---|---|---|",
            f"| base | `{base['name']}` | `{base['sha256']}` |",
            *rows,
            "",
            *(_quality(forecast) if forecast else []),
        ]
    )


def _quality(forecast: Mapping) -> list[str]:
    """A forecast beside what was measured, and how far such forecasts can be trusted."""
    target = forecast["target"]
    interval = "–" if forecast["interval"] is None else "{:.3f} to {:.3f}".format(*forecast["interval"])
    measured = forecast.get("measured")
    level = f"{float(forecast['level']):.0%} " if forecast["level"] else ""
    lines = [
        "## Forecast and measured",
        "",
        f"| `{target}` | forecast | {level}interval | measured |",
        "|---|---|---|---|",
        f"| mean | {forecast['forecast']:.3f} | {interval} | {'not measured' if measured is None else f'{measured:.3f}'} |",
        *(f"| {name} | {share:.3f} | | |" for name, share in forecast["kept"].items()),
        "",
        f"Forecast by `{forecast['predictor']}`, fitted on the study `{forecast['study']}`.",
    ]
    if measured is not None:
        lines.append("The study measured this merge; the forecast is by a model that has not seen it.")
    scores = forecast.get("scores")
    if scores and scores["q2"] is not None:
        lines.append(
            f"Over {scores['n_forecasts']:,} forecasts of such pairs ({forecast['case']}) Q² was {scores['q2']:.2f}; "
            f"they were off by {scores['mae']:.3f} on average, the mean by {scores['mae_of_mean']:.3f}."
        )
    return [*lines, ""]
