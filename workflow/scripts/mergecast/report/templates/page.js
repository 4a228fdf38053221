"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const specs = read("specs"), data = read("data"), themes = read("themes");
  const views = new Map(); // element of a panel -> what vegaEmbed gave back

  // ---- theme: a chart names its colours, and one of two configurations says what they are -------------------------
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => themes[dark.matches ? "dark" : "light"];

  // ---- charts: drawn when they come near the window, all of them before printing ----------------------------------
  const embed = async (element) => {
    if (element.dataset.state) return;
    element.dataset.state = "drawing";
    const spec = structuredClone(specs[element.dataset.spec]), figure = element.closest("figure");
    spec.config = theme();
    for (const select of all("select[data-signal]", figure)) {
      const known = (spec.params || []).find((p) => p.name === select.dataset.signal);
      if (known) known.value = select.value;
    }
    const made = await vegaEmbed(element, spec, { renderer: "svg", mode: "vega-lite", actions: { export: true, source: false, compiled: false, editor: false }, ast: false });
    views.set(element, made);
    element.dataset.state = "drawn";
    if ((spec.params || []).some((p) => p.name === "picked")) {
      made.view.addEventListener("mouseover", (_, item) => pick(figure.dataset.setting, item?.datum?.pair || ""));
      made.view.addEventListener("mouseout", () => pick(figure.dataset.setting, ""));
    }
    if (figure.dataset.figure === "correlations") made.view.addEventListener("click", (_, item) => item?.datum?.metric && closely(figure, item.datum));
  };
  const set = (element, signal, value) => {
    const view = views.get(element)?.view;
    if (view && (specs[element.dataset.spec].params || []).some((p) => p.name === signal) && view.signal(signal) !== value) view.signal(signal, value).runAsync();
  };
  const pick = (setting, pair) => { for (const element of views.keys()) if (element.dataset.spec.startsWith(setting + "-")) set(element, "picked", pair); };
  const closely = (figure, datum) => {
    const target = document.getElementById(figure.dataset.setting + "-figure-scatter");
    for (const select of all("select[data-signal]", target)) {
      select.value = datum[select.dataset.signal];
      select.dispatchEvent(new Event("change"));
    }
    target.scrollIntoView({ block: "nearest" });
  };
  for (const select of all("figure select[data-signal]"))
    select.addEventListener("change", () => all(".vega", select.closest("figure")).forEach((element) => set(element, select.dataset.signal, select.value)));
  const near = new IntersectionObserver((entries) => { for (const e of entries) if (e.isIntersecting) { near.unobserve(e.target); embed(e.target); } }, { rootMargin: "700px" });
  const panels = all(".vega");
  panels.forEach((element) => near.observe(element));
  const visible = () => panels.filter((element) => element.offsetParent !== null);
  addEventListener("beforeprint", () => visible().forEach(embed));
  dark.addEventListener("change", () => {
    for (const [element, made] of views) { made.finalize(); views.delete(element); element.removeAttribute("data-state"); embed(element); }
  });

  // ---- tables: click a heading to sort, type to filter -------------------------------------------------------------
  const plain = (text) => text.replace("−", "-");
  const value = (cell) => {
    const text = cell.dataset.v ?? plain(cell.textContent.trim());
    const loose = cell.dataset.v === undefined && cell.classList.contains("n"); // "0.52 [0.31, 0.70]": its first number
    const n = loose ? Number.parseFloat(text.replace(/^\[/, "")) : Number(text);
    if (loose && Number.isNaN(n)) return null;
    return text === "" || Number.isNaN(n) ? (cell.dataset.v === undefined ? text : null) : n;
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en");
  const sort = (heading, direction) => {
    const table = heading.closest("table"), body = table.tBodies[0], index = heading.cellIndex;
    all("thead th", table).forEach((th) => th.setAttribute("aria-sort", th === heading ? direction : "none"));
    const sign = direction === "ascending" ? 1 : -1;
    const empty = (v) => v === null || v === "";
    const rows = [...body.rows].map((row) => [value(row.cells[index]), row]);
    rows.sort(([a], [b]) => empty(a) || empty(b) ? empty(a) - empty(b) : sign * compare(a, b)); // undefined always last
    body.append(...rows.map(([, row]) => row));
  };
  for (const button of all("table.sortable thead button"))
    button.addEventListener("click", () => {
      const heading = button.closest("th"), numeric = heading.classList.contains("n");
      const now = heading.getAttribute("aria-sort");
      sort(heading, now === "none" ? (numeric ? "descending" : "ascending") : now === "ascending" ? "descending" : "ascending");
    });
  for (const input of all("input[data-filter]")) {
    const section = input.closest("section"), rows = [...section.querySelector("table").tBodies[0].rows], count = section.querySelector(".count");
    const texts = rows.map((row) => [...row.cells].filter((cell) => !cell.classList.contains("n")).map((cell) => cell.textContent).join(" ").toLowerCase());
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row, i) => { row.hidden = !words.every((word) => texts[i].includes(word)); });
      const shown = rows.filter((row) => !row.hidden).length;
      count.textContent = shown === rows.length ? `${rows.length} rows` : `${shown} of ${rows.length} rows`;
    };
    input.addEventListener("input", filter);
    filter();
  }
  for (const table of all("table.trust")) {
    const section = table.closest("section"), choose = (name) => section.querySelector(`[data-score="${name}"]`);
    const known = data.scores[table.dataset.setting], method = choose("method"), split = choose("split"), target = choose("target");
    const cell = (tag, text, numeric) => { const made = document.createElement(tag); made.textContent = text; if (numeric) made.className = "n"; return made; };
    const fill = () => {
      for (const option of target.options) option.disabled = !(`${split.value}|${option.value}|${method.value}` in known);
      if (target.selectedOptions[0].disabled) target.value = [...target.options].find((option) => !option.disabled).value;
      const rows = known[`${split.value}|${target.value}|${method.value}`].map((texts) => {
        const row = document.createElement("tr"), name = cell("th", texts[0]);
        row.className = texts[1];
        name.scope = "row";
        row.append(name, cell("td", texts[1]), ...texts.slice(2).map((text) => cell("td", text, true)));
        return row;
      });
      table.tBodies[0].replaceChildren(...rows);
      const sorted = table.querySelector('thead th:not([aria-sort="none"])');
      if (sorted) sort(sorted, sorted.getAttribute("aria-sort"));
    };
    for (const select of [split, target, method]) select.addEventListener("change", fill);
  }
  for (const table of all("table.pairs")) {
    const section = table.closest("section"), chosen = section.querySelector("[data-forecast]"), by = section.querySelector("[data-sortby]");
    const fill = () => {
      const forecast = data.all_pairs[table.dataset.setting][chosen.value];
      for (const row of table.tBodies[0].rows)
        all("td[data-m]", row).forEach((cell, i) => {
          const p = forecast[row.dataset.row][i], m = cell.dataset.m === "" ? null : Number(cell.dataset.m);
          cell.querySelector("small").textContent = p === null ? "undefined" : p.toFixed(3).replace("-", "−");
          const key = { m, p, e: p === null || m === null ? null : p - m }[by.value];
          cell.dataset.v = key === null ? "" : key;
        });
      const sorted = table.querySelector('thead th.n:not([aria-sort="none"])');
      if (sorted) sort(sorted, sorted.getAttribute("aria-sort"));
    };
    chosen.addEventListener("change", fill);
    by.addEventListener("change", fill);
    fill();
  }

  // ---- settings as tabs, and the place in the contents ---------------------------------------------------------------
  const tabs = all('[role="tab"]'), settings = all(".setting");
  const show = (id) => {
    settings.forEach((element) => { element.hidden = element.id !== id; });
    all(".toc ol[data-for]").forEach((list) => { list.hidden = list.dataset.for !== id; });
    tabs.forEach((tab) => { tab.setAttribute("aria-selected", tab.dataset.setting === id); tab.tabIndex = tab.dataset.setting === id ? 0 : -1; });
  };
  const owner = (hash) => document.getElementById(decodeURIComponent(hash.slice(1)))?.closest(".setting")?.id;
  const follow = () => {
    const id = location.hash.length > 1 && owner(location.hash);
    if (id) { show(id); document.getElementById(location.hash.slice(1)).scrollIntoView(); }
  };
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => show(tab.dataset.setting));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) { const next = tabs[(i + step + tabs.length) % tabs.length]; next.focus(); next.click(); }
    });
  });
  show(settings[0].id);
  addEventListener("hashchange", follow);
  follow();
  if (matchMedia("(max-width: 62rem)").matches) all(".toc details").forEach((details) => { details.open = false; });
  const links = new Map(all(".toc a").map((link) => [link.getAttribute("href").slice(1), link]));
  const here = new IntersectionObserver((entries) => {
    for (const e of entries) if (e.isIntersecting) { links.forEach((link) => link.classList.remove("here")); links.get(e.target.id)?.classList.add("here"); }
  }, { rootMargin: "-10% 0px -75% 0px" });
  all("main section[id]").forEach((section) => here.observe(section));

  window.mergecast = { drawAll: () => Promise.all(visible().map(embed)) };
})();
