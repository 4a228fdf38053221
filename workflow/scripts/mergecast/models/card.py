"""The card of a merged model: what a page on the hub shows of it, and which models it was made of."""

import json
from collections.abc import Mapping

from ..files import packages


def model_card(*, method: str, parameters: Mapping, base: Mapping[str, str], models: Mapping[str, Mapping[str, str]]) -> str:
    """A README.md with a header of metadata, in Markdown.

    Parameters
    ----------
    method : str
    parameters : mapping from name to value
        Of the method.
    base : mapping
        `name`, as it was given (a repository of the hub, or the name of a file), and `sha256` of its tensors.
    models : mapping from name to such a mapping

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
        ]
    )
