"""The page in a real headless browser: everything is drawn, works, and asks nothing of a network."""

import json
import time

import pytest

import synthetic
from browsing import draw, select, start, value_after
from mergecast.report import Setting, write_report


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = start(tmp_path_factory.mktemp("profile"))
    yield found
    found.quit()


def made(name, tasks, methods, seed=0):
    metrics = [{"name": metric, "category": category} for metric, category in synthetic.METRICS.items()]
    return Setting(name, synthetic.tables(tasks, methods, seed), synthetic.curves(tasks), {"seed": seed}, metrics)


@pytest.fixture(scope="module")
def one():
    return made("tiny_AdamW", 5, ("weight_avg", "tsv", "ties"))


@pytest.fixture(scope="module")
def file(one, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    two = made("tiny_SGD", 4, ("tsv",), seed=3)
    write_report(path, [one, two], {"mergecast": "0.1.0"}, synthetic.across(methods=("weight_avg", "tsv", "ties")))
    return path


@pytest.fixture
def page(browser, file):
    """The page freshly loaded, every line of the first setting's evidence open, all methods side by side, charts drawn."""
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get("about:blank")
    browser.get(file.as_uri() + "#side=all")
    draw(browser)
    return browser


def visible_rows(page, table="#s1 .tabulator.pairs"):
    """The rows of a table that fits its window, in the order shown: the first text of each cell."""
    return page.execute_script(
        "return [...document.querySelectorAll(arguments[0] + ' .tabulator-row')].map((row) => [...row.querySelectorAll("
        "'.tabulator-cell .value')].map((c) => c.firstChild?.textContent ?? ''))",
        table,
    )


def heading(page, table, text):
    """The heading of a column, and the place of the column."""
    found = page.find_elements("css selector", f"{table} .tabulator-col")
    place = [each.find_element("css selector", ".tabulator-col-title").get_attribute("textContent") for each in found].index(
        text
    )
    return found[place], place


def press(page, table, text):
    """Sort by a heading from the keyboard."""
    found, place = heading(page, table, text)
    found.send_keys("\n")
    return place


def marks(page, figure, path="[aria-roledescription]"):
    """Number of marks in each panel of a figure."""
    return page.execute_script(
        "return [...document.querySelectorAll(arguments[0] + ' .vega')].map((p) => p.querySelectorAll("
        "'svg .role-mark ' + arguments[1]).length)",
        f"#s1-figure-{figure}",
        path,
    )


def test_every_chart_is_drawn_without_an_error_or_a_request(page, file, one):
    panels = page.execute_script(
        "return [...document.querySelectorAll('#s1 .vega')].map((e) => [e.dataset.spec, e.dataset.state, "
        "e.querySelectorAll('svg .role-mark path, svg .role-mark text, svg .role-mark line').length, "
        "e.querySelector('svg')?.getBoundingClientRect().width ?? 0])"
    )
    described = 1 + 1 + 3 + 3 + 3 + 1 + 1 + 1 + 5  # figures in order of the page, panels by method or task
    analyses = (
        3 + 8 + 3 + 3 + 6 + 1 + 2 + 2 + 2 + 10 + 3 + 1 + 2
    )  # scores by method, costs, splits, targets, intervals, … as on the page
    assert len(panels) == described + analyses
    for name, state, drawn, width in panels:
        assert state == "drawn" and drawn > 3 and width > 150, (name, state, drawn, width)
    page.execute_script("scrollTo(0, document.body.scrollHeight)")
    time.sleep(0.5)
    assert [entry for entry in page.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}
    assert {url for url in asked if not url.startswith("data:")} == {file.as_uri()}


def test_each_chart_has_a_mark_for_every_number(page, one):
    assert marks(page, "pairs", "path[aria-roledescription='rect mark']") == [10, 10, 10]
    assert marks(page, "predicted", "path[aria-roledescription=circle]") == [10, 10, 10]
    assert marks(page, "methods", "path[aria-roledescription=circle]") == [30]
    assert marks(page, "singles", "path[aria-roledescription=point]") == [15]
    assert marks(page, "correlations", "path[aria-roledescription='rect mark']") == [3 * 28]
    assert marks(page, "coefficients", "path[aria-roledescription=square]") == [3 * 28]
    assert marks(page, "stability", "path[aria-roledescription='rect mark']") == [3 * 28]
    assert marks(page, "greedy", "path[aria-roledescription='rect mark']") == [3 * 28, 3 * 28]
    assert marks(page, "agreement", "path[aria-roledescription='rect mark']") == [3, 3]
    assert marks(page, "ablation", "path[aria-roledescription='rect mark']") == [3 * 5, 3 * 6]
    assert marks(page, "scores", "path[aria-roledescription=point]") == [6, 6, 6]
    assert marks(page, "selection", "path[aria-roledescription=bar]") == [6]
    defined = one.headline["folds"].groupby("method", sort=False).pearson.count()
    assert sorted(marks(page, "folds", "path[aria-roledescription=point]")) == sorted(defined)


def test_the_table_has_every_pair_and_sorts_by_number_and_by_name(page, one):
    before, table = visible_rows(page), "#s1 .tabulator.pairs"
    assert len(before) == 10
    expected = one.tables["merges"].query("method == 'tsv'").groupby(["task_a", "task_b"]).normalised_accuracy.mean()
    column = press(page, table, "tsv")
    rows = visible_rows(page)
    assert [row[column] for row in rows] == [f"{value:.3f}" for value in sorted(expected, reverse=True)]
    press(page, table, "tsv")
    assert visible_rows(page) == rows[::-1]
    assert heading(page, table, "tsv")[0].get_attribute("aria-sort") == "ascending"
    press(page, table, "with")
    assert [row[1] for row in visible_rows(page)] == sorted(row[1] for row in before)


def test_the_table_is_filtered_by_all_words_typed_and_counts_what_is_left(page):
    box = page.find_element("css selector", "#s1-all_pairs [data-filter]")
    box.send_keys("Colours")
    assert len(visible_rows(page)) == 4 and all("colours" in row[:2] for row in visible_rows(page))
    box.send_keys(" shap")
    assert [row[:2] for row in visible_rows(page)] == [["shapes", "colours"]]
    assert page.find_element("css selector", "#s1-all_pairs .count").text == "1 of 10 rows"
    box.clear()
    box.send_keys("x")
    box.send_keys("\b")
    assert len(visible_rows(page)) == 10


def test_choosing_a_predictor_changes_the_forecasts_in_the_table_and_in_the_charts(page, one):
    select(page, "#s1-all_pairs [data-forecast]", "single_task")
    rows = "[...document.querySelectorAll('#s1 .tabulator.pairs .tabulator-row')]"
    first = f"{rows}.find((row) => row.textContent.startsWith('shapescolours'))"
    script = f"return [...{first}.querySelectorAll('small')].map((e) => e.textContent).sort()"
    mine = one.tables["predictions"].query("predictor == 'single_task' and task_a == 'shapes' and task_b == 'colours'")
    expected = mine[mine.split == "l2to"].groupby("method").predicted.mean()
    wanted = sorted(f"{value:.3f}" for value in expected.round(4))
    assert value_after(page, script, wanted) == wanted

    select(page, "#s1-figure-predicted select", "single_task")
    scores = one.headline["scores"].query("predictor == 'single_task'").q2
    wanted = sorted(f"Q² = {q2:.2f}".replace("-", "−") for q2 in scores)
    labels = "document.querySelectorAll('#s1-figure-predicted .role-mark text')"
    script = f"return [...{labels}].map((t) => t.textContent).filter((t) => t.startsWith('Q² =')).sort()"
    assert value_after(page, script, wanted) == wanted


def test_the_score_table_follows_its_selectors_and_sorts_by_the_number_in_front(page, one):
    scores = one.tables["scores"]
    select(page, "#s1-scores [data-score=method]", "tsv")
    select(page, "#s1-scores [data-score=split]", "disjoint")
    first = (
        "return document.querySelector('#s1 .tabulator.trust .tabulator-row .tabulator-cell[tabulator-field=c2]').textContent"
    )
    mine = scores[(scores.method == "tsv") & (scores.split == "disjoint")].set_index("predictor")
    assert value_after(page, first, shown(mine.q2.iloc[0])) == shown(mine.q2.iloc[0])
    rows = visible_rows(page, "#s1 .tabulator.trust")
    assert {row[0] for row in rows} == set(mine.index)
    for row in rows:
        q2, r = mine.q2[row[0]], mine.mean_r[row[0]]
        assert row[2] == shown(q2) and row[11] == shown(r)
    enabled = "return [...document.querySelectorAll('#s1-scores [data-score=target] option')].map((o) => !o.disabled)"
    assert page.execute_script(enabled) == [True, False, False]  # the further targets are forecast under loto only
    select(page, "#s1-scores [data-score=split]", "loto")
    select(page, "#s1-scores [data-score=target]", "accuracy")
    time.sleep(0.3)
    press(page, "#s1 .tabulator.trust", "mean r")
    seen = [row[11] for row in visible_rows(page, "#s1 .tabulator.trust")]
    numbers = [float(text.replace("−", "-")) for text in seen if text != "–"]
    assert numbers == sorted(numbers, reverse=True) and seen[-1] == "–" and len(seen) == 6


def shown(value):
    return "–" if value != value else f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−")


def test_the_charts_over_settings_are_drawn_whichever_setting_is_open(page):
    states = page.execute_script("return [...document.querySelectorAll('#across .vega')].map((e) => e.dataset.state)")
    assert states == ["drawn", "drawn"]


def test_a_cell_tells_its_numbers_when_pointed_at_and_is_framed_in_every_panel(page, one):
    from selenium.webdriver import ActionChains

    panel = "document.querySelector('#s1-figure-pairs .vega')"
    cell = page.execute_script(f"return {panel}.querySelector(\"path[aria-roledescription='rect mark']\")")
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", cell)
    ActionChains(page).move_to_element_with_offset(cell, 6, -6).perform()
    script = "return document.querySelector('#vg-tooltip-element.visible')?.textContent ?? ''"
    end = time.monotonic() + 10
    while not (told := page.execute_script(script)) and time.monotonic() < end:
        time.sleep(0.05)
    method = page.execute_script("return document.querySelector('#s1-figure-pairs h5').firstChild.textContent.trim()")
    pairs = one.tables["merges"].query("method == @method").groupby(["task_a", "task_b"]).normalised_accuracy.mean()
    (a, b) = next(pair for pair in pairs.index if f"task{pair[0]}" in told and f"with{pair[1]}" in told)
    assert f"{pairs[a, b]:.3f}" in told and method in told
    framed = (
        "return [...document.querySelectorAll('#s1-figure-pairs .vega')].map((p) => "
        "[...p.querySelectorAll('path[stroke-width=\"2.5\"]')].length)"
    )
    assert value_after(page, framed, [1, 1, 1]) == [1, 1, 1]


def test_clicking_a_correlation_shows_its_metric_and_method_in_the_scatter(page):
    from selenium.webdriver import ActionChains

    cell = page.execute_script(
        "return document.querySelectorAll(\"#s1-figure-correlations path[aria-roledescription='rect mark']\")[5]"
    )
    label = cell.get_attribute("aria-label")
    page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", cell)
    ActionChains(page).move_to_element_with_offset(cell, 20, 4).click().perform()
    chosen = "[...document.querySelectorAll('#s1-figure-scatter select')].map((s) => s.value)"
    script = f"return {chosen}.every((value) => arguments[0].includes(value))"
    end = time.monotonic() + 10
    while not page.execute_script(script, label) and time.monotonic() < end:
        time.sleep(0.05)
    assert page.execute_script(script, label), label


def test_a_tab_shows_its_setting_alone_and_draws_its_charts(page):
    page.find_element("id", "tab-s2").click()
    assert not page.find_element("id", "s1").is_displayed() and page.find_element("id", "s2").is_displayed()
    draw(page)
    states = page.execute_script("return [...document.querySelectorAll('#s2 .vega')].map((e) => e.dataset.state)")
    assert set(states) == {"drawn"} and len(visible_rows(page, "#s2 .tabulator.pairs")) == 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_stands_out_from_paper_and_charts_follow_the_scheme(page, scheme):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    draw(page)
    colours = page.execute_script(
        "const c = getComputedStyle(document.body); return [c.color, c.backgroundColor, getComputedStyle("
        "document.querySelector('figcaption')).color, "
        "getComputedStyle(document.querySelector('.chart')).backgroundColor, "
        "document.querySelector('#s1-figure-methods .role-axis-label text').getAttribute('fill')]"
    )
    ink, paper, caption, card, label = (luminance(page, colour) for colour in colours)
    assert (paper > ink) == (scheme == "light")
    for text, ground in ((ink, paper), (caption, card), (label, card)):
        assert (max(text, ground) + 0.05) / (min(text, ground) + 0.05) >= 4.5
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_the_page_never_scrolls_sideways(page, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    time.sleep(0.5)
    excess = page.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert excess <= 0


def luminance(page, colour):
    """Relative luminance as the browser paints a colour (WCAG 2)."""
    rgb = page.execute_script(
        "const x = new OffscreenCanvas(1, 1).getContext('2d'); x.fillStyle = arguments[0]; x.fillRect(0, 0, 1, 1); "
        "return [...x.getImageData(0, 0, 1, 1).data].slice(0, 3)",
        colour,
    )
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_page_of_a_real_run_shows_every_pair_and_draws_every_chart(browser, finished):
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get((finished.results / "report.html").as_uri() + "#side=all")
    draw(browser)
    states = browser.execute_script("return [...document.querySelectorAll('.vega')].map((e) => e.dataset.state)")
    assert len(states) > 10 and set(states) == {"drawn"}
    assert {tuple(row[:2]) for row in visible_rows(browser)} == {
        ("shapes", "letters"), ("shapes", "lines"), ("letters", "lines"),
        ("shapes", "digits"), ("letters", "digits"), ("lines", "digits"),
    }  # fmt: skip
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
