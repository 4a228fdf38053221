// The evidence: a line is filled when it is opened, a chart is drawn when it comes near the window.
{
  const M = mergecast, themes = M.read("themes");
  const views = new Map(); // element of a panel -> what vegaEmbed gave back
  const parts = new Map(); // id of a setting, or "across" -> its charts and numbers
  const part = (id) => {
    if (!parts.has(id)) parts.set(id, M.unpack(`evidence-${id}`).then(JSON.parse).then((found) => { parts.get(id).found = found; return found; }));
    return parts.get(id);
  };
  const specOf = (element) => parts.get(element.dataset.spec.split("-")[0])?.found?.specs[element.dataset.spec];

  // ---- theme: a chart names its colours, and one of two configurations says what they are ----------------------------
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => themes[dark.matches ? "dark" : "light"];

  // ---- charts --------------------------------------------------------------------------------------------------------
  const drawing = new Map();
  const embed = (element) => {
    if (!drawing.has(element)) drawing.set(element, draw(element));
    return drawing.get(element);
  };
  const draw = async (element) => {
    element.dataset.state = "drawing";
    await Promise.all([part(element.dataset.spec.split("-")[0]), M.library("vega")]);
    const spec = structuredClone(specOf(element)), figure = element.closest("figure");
    spec.config = theme();
    for (const select of M.all("select[data-signal]", figure)) {
      const known = (spec.params || []).find((p) => p.name === select.dataset.signal);
      if (known) known.value = select.value;
    }
    const made = await vegaEmbed(element, spec, { renderer: "svg", mode: "vega-lite", actions: false, ast: false });
    views.set(element, made);
    element.querySelector("svg").setAttribute("aria-hidden", "true"); // its place has the description
    element.dataset.state = "drawn";
    if ((spec.params || []).some((p) => p.name === "picked")) {
      made.view.addEventListener("mouseover", (_, item) => pick(figure.dataset.setting, item?.datum?.pair || ""));
      made.view.addEventListener("mouseout", () => pick(figure.dataset.setting, ""));
    }
    if (figure.dataset.figure === "correlations") made.view.addEventListener("click", (_, item) => item?.datum?.metric && closely(figure, item.datum));
  };
  const set = (element, signal, value) => {
    const view = views.get(element)?.view;
    if (view && (specOf(element).params || []).some((p) => p.name === signal) && view.signal(signal) !== value) view.signal(signal, value).runAsync();
  };
  const pick = (setting, pair) => { for (const element of views.keys()) if (element.dataset.spec.startsWith(setting + "-")) set(element, "picked", pair); };
  const closely = (figure, datum) => {
    const target = M.byId(figure.dataset.setting + "-figure-scatter");
    for (const select of M.all("select[data-signal]", target)) {
      select.value = datum[select.dataset.signal];
      select.dispatchEvent(new Event("change"));
    }
    target.scrollIntoView({ block: "nearest" });
  };
  const near = new IntersectionObserver((entries) => { for (const e of entries) if (e.isIntersecting) { near.unobserve(e.target); embed(e.target); } }, { rootMargin: "400px" });
  const visible = () => M.all(".vega").filter((element) => element.offsetParent !== null);
  dark.addEventListener("change", () => {
    for (const [element, made] of views) { made.finalize(); views.delete(element); drawing.delete(element); element.removeAttribute("data-state"); embed(element); }
  });

  // ---- one method for all charts: that of the explorer, or all side by side --------------------------------------------
  const side = M.byId("side");
  const narrow = (root = document) => {
    const method = M.method() === "best" ? M.setting().methods[0] : M.method();
    for (const figure of M.all("figure:has([data-method])", root)) {
      const panels = M.all("[data-method]", figure), mine = panels.find((panel) => panel.dataset.method === method) ?? panels[0];
      panels.forEach((panel) => { panel.hidden = M.state.side !== "all" && panel !== mine; });
      figure.classList.toggle("one", M.state.side !== "all");
    }
  };
  side.addEventListener("change", () => M.set({ side: side.checked ? "all" : "" }));

  // ---- the score table and the table of pairs follow their selectors ---------------------------------------------------
  const follow = {
    trust: (grid, section, rows) => {
      const choose = (name) => section.querySelector(`[data-score="${name}"]`), method = choose("method"), split = choose("split"), target = choose("target");
      const fill = () => {
        for (const option of target.options) option.disabled = !(`${split.value}|${option.value}|${method.value}` in rows);
        if (target.selectedOptions[0].disabled) target.value = [...target.options].find((option) => !option.disabled).value;
        const cell = (text, i) => { const made = M.make("span", {}, text); return M.cellOf(made.innerHTML, text, i > 1, null); };
        return grid.replaceData(rows[`${split.value}|${target.value}|${method.value}`].map((texts) => M.rowOf(texts[1], texts.map(cell))));
      };
      for (const select of [split, target, method]) select.addEventListener("change", fill);
    },
    pairs: (grid, section, forecasts) => {
      const chosen = section.querySelector("[data-forecast]"), by = section.querySelector("[data-sortby]");
      const fill = () => {
        const forecast = forecasts[chosen.value];
        const changed = grid.getData().map((row, place) => {
          const cells = { ...row };
          forecast[row.place ?? place].forEach((p, i) => {
            const cell = { ...row[`c${i + 4}`] }, m = cell.measured ?? (cell.measured = cell.key);
            cell.html = cell.html.replace(/<small>[^<]*<\/small>/, `<small>${p === null ? "undefined" : M.number(p)}</small>`);
            cell.key = { m, p, e: p === null || m === null ? null : p - m }[by.value];
            cells[`c${i + 4}`] = cell;
          });
          return { ...cells, place: row.place ?? place };
        });
        return grid.replaceData(changed);
      };
      chosen.addEventListener("change", fill);
      by.addEventListener("change", fill);
      return fill();
    },
  };

  // ---- a line that is opened -------------------------------------------------------------------------------------------
  const filled = new Map();
  const fill = (section) => {
    if (!filled.has(section)) filled.set(section, build(section));
    return filled.get(section);
  };
  const build = async (section) => {
    const details = section.querySelector("details"), template = details.querySelector("template");
    details.append(M.make("div", { class: "inside" }, template.content));
    template.remove();
    for (const select of M.all("figure select[data-signal]", section))
      select.addEventListener("change", () => M.all(".vega", select.closest("figure")).forEach((element) => set(element, select.dataset.signal, select.value)));
    for (const button of M.all("[data-svg]", section)) button.addEventListener("click", async () => {
      const element = button.closest(".panel").querySelector(".vega");
      await embed(element);
      M.save(`${element.dataset.spec}.svg`, await views.get(element).view.toSVG(), "image/svg+xml");
    });
    narrow(section);
    M.all(".vega", section).forEach((element) => near.observe(element));
    const tables = M.all("table.sortable", section);
    for (const [i, table] of tables.entries()) {
      const kind = ["trust", "pairs"].find((name) => table.classList.contains(name)), setting = table.dataset.setting;
      const grid = await M.gridOf(table, section.id + (i ? `-${i + 1}` : ""));
      if (kind) await follow[kind](grid, section, (await part(setting)).data[{ trust: "scores", pairs: "all_pairs" }[kind]]);
    }
  };
  const lines = M.all("section.folded");
  const opened = () => lines.filter((section) => section.querySelector("details").open).map((section) => section.id).join(",");
  for (const section of lines)
    section.querySelector("details").addEventListener("toggle", (event) => {
      if (event.target !== section.querySelector("details")) return;
      if (event.target.open) fill(section);
      if ((M.state.open ?? "") === opened()) return;
      if (location.hash === `#${section.id}`) M.state.open = opened(); // the anchor stays in the address
      else M.set({ open: opened() });
    });
  const open = (id) => {
    const section = M.byId(id)?.closest("section.folded");
    if (section) section.querySelector("details").open = true;
    return section && fill(section);
  };

  const settle = () => {
    const mine = M.settings.indexOf(M.chosen());
    M.all(".setting").forEach((element, i) => { element.hidden = i !== mine; });
    side.checked = M.state.side === "all";
    narrow();
  };
  // An anchor, such as #s1-scores: its setting is shown, its line opened.
  const go = () => {
    if (location.hash.length < 2 || location.hash.includes("=")) return;
    const id = decodeURIComponent(location.hash.slice(1)), place = M.all(".setting").indexOf(M.byId(id)?.closest(".setting"));
    if (!M.byId(id)) return;
    if (place >= 0 && M.settings[place] !== M.chosen()) { M.set({ setting: M.settings[place].name }); history.replaceState(null, "", `#${id}`); }
    open(id);
    M.byId(id).scrollIntoView();
  };
  M.onchange(settle);
  settle();
  (M.state.open ?? "").split(",").forEach((id) => id && open(id));
  addEventListener("hashchange", go);
  go();

  M.openAll = () => Promise.all(lines.filter((section) => section.offsetParent !== null).map((section) => open(section.id)));
  M.drawAll = () => Promise.all(visible().map(embed));
}
