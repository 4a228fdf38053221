"""The explorer in a real headless browser, on a desktop and on a phone, of four settings × 20 tasks × 8 methods."""

import base64
import csv
import json
import re
import time
from pathlib import Path

import pytest

import synthetic
from browsing import awaited, draw, select, size, start, value_after
from mergecast.report import Setting, write_report

SETTINGS = ("B32_AdamW", "B32_SGD", "L14_AdamW", "L14_SGD")
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
PHONE, DESKTOP = (390, 844), (1280, 900)


@pytest.fixture(scope="module")
def tables():
    made = [synthetic.tables(20, seed=seed, predictors=synthetic.MANY) for seed in (0, 1)]  # a minute each, so two stand twice
    return {name: made[place % len(made)] for place, name in enumerate(SETTINGS)}


@pytest.fixture(scope="module")
def file(tables, tmp_path_factory):
    metrics = [{"name": metric, "category": category} for metric, category in synthetic.METRICS.items()]
    settings = [Setting(name, found, synthetic.curves(20), {}, metrics) for name, found in tables.items()]
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(path, settings, {"mergecast": "0.1.0"}, synthetic.across(SETTINGS))
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = start(tmp_path_factory.mktemp("profile"), *DESKTOP)
    yield found
    found.quit()


@pytest.fixture
def visit(browser, file, tmp_path):
    """Open the page in a window of so many pixels, with what is asked for in the address."""

    def go(asked="", pixels=DESKTOP):
        size(browser, *pixels)
        browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
        for log in ("browser", "performance"):
            browser.get_log(log)
        browser.get("about:blank")
        browser.get(file.as_uri() + asked)
        return browser

    yield go
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


def text(page, css):
    return page.find_element("css selector", css).text


def click(page, css):
    page.find_element("css selector", css).click()


def state(page):
    """What the address says."""
    return page.execute_script("return Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")


def serious(page):
    """What axe-core finds that is serious or critical."""
    page.execute_script(AXE.read_text(encoding="utf-8"))
    page.execute_script("window.found = null")
    assert awaited(page, "axe.run(document).then((r) => { window.found = r.violations; })") is None
    found = page.execute_script("return window.found.map((v) => [v.impact, v.id, v.nodes[0].html.slice(0, 200)])")
    return [each for each in found if each[0] in ("serious", "critical")]


def saved(folder, name, seconds=10):
    """A file that the browser saved, as text."""
    end = time.monotonic() + seconds
    while not (folder / name).exists() and time.monotonic() < end:
        time.sleep(0.05)
    return (folder / name).read_text(encoding="utf-8")


def lines(folder, name):
    """A table that the browser saved, as rows."""
    return list(csv.reader(saved(folder, name).splitlines()))


def shown(value, digits=3):
    """As the page writes a number, which has it with four digits."""
    return f"{round(value, 4) + 0.0:.{digits}f}".replace("-", "−")


def test_the_page_is_small_and_paints_at_once(visit, file):
    assert file.stat().st_size <= 6e6
    visit()  # the browser itself is warm
    page = visit()
    paints = page.execute_script("return performance.getEntriesByType('paint').map((entry) => [entry.name, entry.startTime])")
    nodes = page.execute_script("return document.querySelectorAll('*').length")
    print(f"{file.stat().st_size / 1e6:.2f} MB, {dict(paints)} ms, {nodes} nodes")
    assert dict(paints)["first-contentful-paint"] <= 1000
    assert nodes <= 8000
    assert page.execute_script("return [typeof vegaEmbed, typeof Tabulator]") == ["undefined"] * 2  # not before they are needed


def test_the_page_asks_nothing_of_a_network(visit, file):
    page = visit("#tab=all")
    draw(page)
    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}
    assert {url.split("#")[0] for url in asked if not url.startswith(("data:", "about:", "blob:"))} == {file.as_uri()}


def test_the_answer_fits_one_screen(visit):
    page = visit()
    for css in ("#verdict", "#best", "#worst", "#first", "#second", "#view-plan"):
        found = page.find_element("css selector", css).rect
        assert found["y"] + found["height"] <= DESKTOP[1], css
    assert len(re.findall(r"\. |\.$", text(page, "#verdict"))) == 2


def test_pairs_are_ranked_by_forecast_with_their_intervals(visit, tables):
    page = visit("#method=tsv")
    mine = tables["B32_AdamW"]["forecasts"].query("method == 'tsv'").sort_values("forecast", ascending=False)
    for css, rows in (("#best", mine.head(6)), ("#worst", mine[::-1].head(6))):
        listed = [each.text for each in page.find_elements("css selector", f"{css} li")]
        assert len(listed) == 6
        for line, row in zip(listed, rows.to_dict("records"), strict=True):
            span = f"[{shown(row['low_0.8'])}, {shown(row['high_0.8'])}]"
            assert line.split() == f"{row['task_a']} + {row['task_b']} {shown(row['forecast'])} {span}".split()
    assert (
        len(page.find_elements("css selector", "#best .narrow")) == len(page.find_elements("css selector", "#best .wide")) == 6
    )


def test_the_chooser_tells_forecast_interval_measured_rank_reasons_neighbours_and_a_bar_for_each_method(visit, tables):
    page = visit()
    select(page, "#method", "ties")
    select(page, "#first", "shapes")
    select(page, "#second", "foods")
    found, at = tables["B32_AdamW"], "method == 'ties' and task_a == 'shapes' and task_b == 'foods'"
    row, told = found["forecasts"].query(at).to_dict("records")[0], text(page, "#pair")
    assert told.startswith("shapes + foods under ties")
    assert f"forecast\n{shown(row['forecast'])}" in told
    for level in ("0.8", "0.9"):
        assert f"{float(level) * 100:.0f} % interval\n{shown(row[f'low_{level}'])} to {shown(row[f'high_{level}'])}" in told
    measured = "not merged yet" if row["measured"] != row["measured"] else shown(row["measured"])
    assert f"measured\n{measured}" in told
    rank = (found["forecasts"].query("method == 'ties'").forecast > row["forecast"]).sum() + 1
    assert f"rank\n{rank} of 190" in told
    assert f"keeps of shapes\n{shown(row['kept_a'])}" in told and f"keeps of foods\n{shown(row['kept_b'])}" in told
    for reason in found["forecast_reasons"].query(at).itertuples():
        assert f"{'+' if reason.contribution > 0 else ''}{shown(reason.contribution)} {reason.reason}" in told
    for near in found["neighbours"].query("task_a == 'shapes' and task_b == 'foods'").itertuples():
        assert f"{near.near_a} + {near.near_b}" in told
    bars = page.find_elements("css selector", ".bars li")
    assert {bar.text.split()[0] for bar in bars} == set(synthetic.METHODS)
    assert all(bar.find_elements("css selector", ".forecast") and bar.find_elements("css selector", ".narrow") for bar in bars)
    chosen = page.execute_script("return [...document.querySelectorAll('.bars .chosen')].map((e) => e.textContent)")
    assert len(chosen) == 1 and chosen[0].startswith("ties")


def test_a_pair_is_chosen_either_way_round_and_one_model_twice_is_no_pair(visit):
    page = visit("#a=foods&b=shapes")
    assert text(page, "#pair-title").startswith("shapes + foods")
    assert page.execute_script("return [first.value, second.value]") == ["foods", "shapes"]
    select(page, "#second", "foods")
    assert text(page, "#pair") == "Choose two different models."


def test_a_neighbour_is_one_click_away_and_takes_the_keyboard_along(visit):
    page = visit("#a=shapes&b=foods")
    name = text(page, "#pair .link")
    click(page, "#pair .link")
    assert text(page, "#pair-title").startswith(name)
    assert page.execute_script("return document.activeElement.id") == "pair-title"


def test_the_planner_lists_as_many_merges_as_the_budget_allows(visit, tables, tmp_path):
    page = visit()
    click(page, "#view-plan")
    assert not page.find_element("id", "pair").is_displayed() and text(page, "#merges") == "10 merges"
    plan = tables["B32_AdamW"]["plan"]
    slider = page.find_element("id", "budget")
    slider.send_keys("\ue014" * 3)  # the right arrow key
    assert text(page, "#merges") == "13 merges" and state(page)["budget"] == "13"
    rows = [each.text for each in page.find_elements("css selector", "#steps tbody tr")]
    assert len(rows) == 13
    for line, step in zip(rows, plan.to_dict("records"), strict=False):
        assert line.split()[:5] == [str(step["step"]), step["task_a"], "+", step["task_b"], step["method"]]
        assert shown(step["forecast"]) in line and f"+{shown(step['gain'], 4)}" in line
    assert shown(plan.gain[12], 4) in text(page, "#gained")
    row = "budget == 10 and strategy == 'random_order' and split == 'l2to' and scope == 'task'"
    regret = tables["B32_AdamW"]["planner"].query(row).regret.item()
    assert "How such plans did with 10 merges" in text(page, "#judged") and shown(regret, 4) in text(page, "#judged")
    click(page, "#panel-plan [data-csv]")
    steps = lines(tmp_path, "B32_AdamW_plan.csv")
    assert len(steps) == 1 + len(plan) and steps[1][1:4] == list(plan.loc[0, ["task_a", "task_b", "method"]])
    click(page, "#steps .link")
    assert text(page, "#pair-title") == f"{plan.task_a[0]} + {plan.task_b[0]} under {plan.method[0]}"


def test_the_address_keeps_setting_pair_method_tab_filter_and_sort(visit, browser):
    page = visit()
    click(page, "#tab-s3")
    select(page, "#method", "dare")
    select(page, "#first", "cells")
    select(page, "#second", "waves")
    click(page, "#view-all")
    page.find_element("id", "find").send_keys("ce")
    assert awaited(page, "mergecast.library('tabulator')") is None
    select(page, "#sort", "measured-asc")
    kept = {"setting": "L14_AdamW", "a": "cells", "b": "waves", "method": "dare", "tab": "all", "filter": "ce",
            "sort": "measured-asc"}  # fmt: skip
    assert state(page) == kept
    before = (text(page, "#verdict"), text(page, "#best"), text(page, "#found"))
    page = visit(page.current_url[page.current_url.index("#") :])
    assert (text(page, "#verdict"), text(page, "#best"), text(page, "#found")) == before
    chosen = [page.find_element("id", each).get_property("value") for each in ("method", "first", "second", "find", "sort")]
    assert chosen == ["dare", "cells", "waves", "ce", "measured-asc"]
    assert page.find_element("id", "tab-s3").get_attribute("aria-selected") == "true"
    assert page.find_element("id", "all").is_displayed() and not page.find_element("id", "pair").is_displayed()
    ordered = "return document.querySelector('#all .tabulator-col[aria-sort=ascending]')?.textContent"
    assert value_after(page, ordered, "measured") == "measured"
    page.execute_script("location.hash = '#setting=B32_SGD&tab=pair'")
    assert value_after(page, "return document.querySelector('#tab-s2').getAttribute('aria-selected')", "true") == "true"


def test_all_pairs_are_in_a_table_that_is_filtered_sorted_and_saved(visit, tables, tmp_path):
    page = visit("#method=tsv&tab=all")
    mine = tables["B32_AdamW"]["forecasts"].query("method == 'tsv'")
    count = "return document.querySelectorAll('#all .tabulator-row').length > 5"
    assert value_after(page, count, True)
    first = "return document.querySelector('#all .tabulator-row .link').textContent"
    best = mine.loc[mine.forecast.idxmax()]
    assert page.execute_script(first) == f"{best.task_a} + {best.task_b}"
    heading = page.find_element("css selector", "#all .tabulator-col[tabulator-field=measured]")
    heading.send_keys("\n")
    most = mine.loc[mine.measured.idxmax()]
    assert value_after(page, first, f"{most.task_a} + {most.task_b}") == f"{most.task_a} + {most.task_b}"
    assert state(page)["sort"] == "measured-desc"
    page.find_element("id", "find").send_keys("shapes fo")
    assert text(page, "#found") == "1 of 190 pairs"
    assert value_after(page, first, "shapes + foods") == "shapes + foods"
    click(page, "#panel-all [data-csv]")
    head, line = lines(tmp_path, "B32_AdamW_pairs.csv")
    assert head == ["rank", "task_a", "task_b", "method", "forecast", "measured", "low_0.8", "high_0.8", "low_0.9", "high_0.9"]
    row = mine.query("task_a == 'shapes' and task_b == 'foods'").iloc[0]
    assert line[1:4] == ["shapes", "foods", "tsv"] and float(line[4]) == pytest.approx(row.forecast, abs=1e-4)
    assert float(line[6]) == pytest.approx(row["low_0.8"], abs=1e-4)


def test_the_ranked_list_and_every_table_of_the_evidence_can_be_saved(visit, tmp_path):
    page = visit()
    click(page, ".ranks [data-csv]")
    assert len(lines(tmp_path, "B32_AdamW_ranked.csv")) == 191
    draw(page)
    grids = page.execute_script("return document.querySelectorAll('#evidence .tabulator').length")
    names = page.execute_script("return [...document.querySelectorAll('#evidence [data-csv]')].filter("
                                "(e) => e.offsetParent).map((e) => e.dataset.csv)")  # fmt: skip
    assert len(names) == len(set(names)) == grids > 8 and not page.find_elements(
        "css selector", "#evidence .inside table.sortable"
    )
    page.execute_script("document.querySelector('[data-csv=s1-models]').click()")
    models = lines(tmp_path, "s1-models.csv")
    assert len(models) == 21 and models[0][0] == "task"
    page.execute_script("document.querySelector('#s1-figure-methods [data-svg]').click()")
    assert saved(tmp_path, "s1-methods-0.svg").startswith("<svg")


def test_the_keyboard_reaches_the_filter_within_five_tabs_and_moves_along_tabs(visit):
    from selenium.webdriver import ActionChains

    page = visit()
    reached = []
    for _ in range(5):
        ActionChains(page).send_keys("\ue004").perform()
        reached.append(page.execute_script("return document.activeElement.id"))
    assert "find" in reached
    page.execute_script("document.activeElement.blur()")
    ActionChains(page).send_keys("/").perform()
    assert page.execute_script("return [document.activeElement.id, document.getElementById('find').value]") == ["find", ""]
    page.execute_script("document.getElementById('tab-s1').focus()")
    ActionChains(page).send_keys("\ue014").perform()
    assert state(page)["setting"] == "B32_SGD" and page.execute_script("return document.activeElement.id") == "tab-s2"
    page.execute_script("document.getElementById('view-pair').focus()")
    ActionChains(page).send_keys("\ue014").perform()
    assert state(page)["tab"] == "plan"
    page.execute_script("document.querySelector('#worst button').focus()")
    ActionChains(page).send_keys("\ue007").perform()
    title = page.execute_script("return document.activeElement.querySelector('.name').textContent")
    assert text(page, "#pair-title").startswith(title)  # and the list keeps the keyboard


def test_one_method_is_shown_in_the_evidence_until_all_are_asked_for(visit):
    page = visit("#method=ties&open=s1-scores,s1-folds")
    panels = (
        "return [...document.querySelectorAll('#s1 [data-method]')].filter((e) => e.offsetParent).map((e) => e.dataset.method)"
    )
    assert value_after(page, panels, ["ties", "ties"]) == ["ties", "ties"]
    select(page, "#method", "dare")
    assert page.execute_script(panels) == ["dare", "dare"]
    click(page, "#side")
    assert sorted(page.execute_script(panels)) == sorted([*synthetic.METHODS] * 2) and state(page)["side"] == "all"


def test_an_anchor_opens_its_line_of_its_setting(visit):
    page = visit("#s2-scores")
    assert value_after(page, "return document.querySelector('#s2-scores details').open", True)
    assert page.find_element("id", "tab-s2").get_attribute("aria-selected") == "true"
    assert page.execute_script("return location.hash") == "#s2-scores"
    top = "return Math.abs(document.getElementById('s2-scores').getBoundingClientRect().top) < innerHeight"
    assert value_after(page, top, True)
    anchors = page.execute_script("return [...document.querySelectorAll('section.folded')].every((section) => "
                                  "section.querySelector(`a[href='#${section.id}']`))")  # fmt: skip
    assert anchors


@pytest.mark.parametrize("pixels", [DESKTOP, PHONE])
@pytest.mark.parametrize("tab", ["pair", "plan", "all"])
def test_no_serious_barrier_is_found(visit, pixels, tab):
    if not AXE.exists():
        pytest.skip("tests/vendor/axe.min.js is not there: copy it from the npm package axe-core")
    page = visit(f"#tab={tab}", pixels)
    if tab == "all":
        assert value_after(page, "return document.querySelectorAll('#all .tabulator-row').length > 5", True)
    assert serious(page) == []


def test_no_serious_barrier_is_found_in_the_evidence(visit):
    page = visit()
    draw(page)
    assert serious(page) == []


@pytest.mark.parametrize("tab", ["pair", "plan", "all"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(visit, tab):
    page = visit(f"#tab={tab}&open=s1-summary,s1-scores,s1-pairs", PHONE)
    time.sleep(1)
    wide, window = page.execute_script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= window == PHONE[0]
    small = page.execute_script(
        "return [...document.querySelectorAll('#answer *')].filter((e) => e.offsetParent && e.childNodes.length && "
        "[...e.childNodes].some((c) => c.nodeType === 3 && c.data.trim()) && parseFloat(getComputedStyle(e).fontSize) < 12)"
        ".map((e) => e.outerHTML.slice(0, 80))"
    )
    assert small == []
    touched = page.execute_script("return [...document.querySelectorAll('#best button')].every((e) => e.offsetHeight >= 24)")
    assert touched


def test_text_in_drawn_charts_is_twelve_pixels_or_more(visit):
    page = visit()
    draw(page)
    sizes = page.execute_script(
        "return [...document.querySelectorAll('.vega svg text')].filter((e) => e.textContent.trim() && "
        "e.getClientRects().length).map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert len(sizes) > 500 and min(sizes) >= 12


@pytest.mark.parametrize("asked", ["", "#tab=all&open=s1-scores,s1-pairs", "#tab=plan&budget=60"])
def test_it_prints_on_six_pages_at_most(visit, asked):
    page = visit(asked)
    time.sleep(0.5)
    paper = {"printBackground": True, "paperWidth": 8.27, "paperHeight": 11.69}
    pdf = base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", paper)["data"])
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    print(f"{pages} pages")
    assert 1 <= pages <= 6
