"""The answer in two sentences: which method merges best, and how far the forecast can be trusted."""

from ..charts import SPLIT_NAMES, number, target_name

MEAN = "train_mean"  # the baseline that says the mean of the training pairs of every pair
UNSEEN = {"l2to": "both tasks unseen", "loto": "one task unseen"}


def sentences(facts, forecaster: str | None = None) -> list[str]:
    """Two sentences.

    Parameters
    ----------
    facts : Facts
    forecaster : str, optional
        The predictor that made the forecasts shown; without it, or without its score, the best predictor.

    Returns
    -------
    list of str
    """
    return [best_method(facts), trust(facts, forecaster)]


def best_method(facts) -> str:
    """Which method merges best, or that none is clearly best.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    str
    """
    best, lead, label = facts.methods[0], facts.lead, target_name(facts.target)
    reached = f"mean {label} {number(best.mean, 3)} over {facts.n_pairs} pairs"
    if lead is None:
        return f"Only {best.name} was run: {reached}."
    ahead = f"{number(lead.difference, 3)} [{number(lead.low, 3)}, {number(lead.high, 3)}]"
    if lead.clear:
        return f"{best.name} merges best: {reached}, {ahead} ahead of {lead.second}."
    if lead.low != lead.low:
        return f"No method is clearly best: too few tasks to tell; {best.name} is highest, {reached}."
    return f"No method is clearly best: {best.name} is highest, {reached}, but only {ahead} ahead of {lead.second}."


def trust(facts, forecaster: str | None = None) -> str:
    """How far the forecast can be trusted: its Q² and mean absolute error beside those of the training mean.

    Parameters
    ----------
    facts : Facts
    forecaster : str, optional
        As for `sentences`.

    Returns
    -------
    str
    """
    forecast = facts.forecast
    mine = forecast.rivals.get(forecaster) or forecast.predictor
    if mine is None:
        return "No predictor was run, so nothing can be said of pairs that were not merged."
    rival = forecast.rivals.get(MEAN) or forecast.baseline
    where = UNSEEN.get(forecast.split, SPLIT_NAMES.get(forecast.split, forecast.split))
    scored = f"the forecast ({mine.name})" if forecaster in (None, mine.name) else f"the best that was scored ({mine.name})"
    unscored = "" if forecaster in (None, mine.name) else f"The forecasts shown, by {forecaster}, were not scored; with"
    said = f"{unscored or 'With'} {where}, {scored} has Q² {number(mine.q2)} and misses by {number(mine.mae, 3)} on average"
    if rival is None or rival.name == mine.name:
        return f"{said}."
    other = "the mean of the training pairs" if rival.name == MEAN else f"the baseline {rival.name}"
    worth = "" if mine.mae < rival.mae else ", so the forecast is of no use here"
    return f"{said}; {other} has Q² {number(rival.q2)} and misses by {number(rival.mae, 3)}{worth}."
