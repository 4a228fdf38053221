// The answer: a setting's sentences, and its pairs from the best forecast to the worst.
{
  const M = mergecast;
  const LISTED = 6;
  const prepare = (s) => {
    if (s.pairs) return s;
    s.pairs = s.a.map((a, i) => [s.tasks[a], s.tasks[s.b[i]]]);
    s.values.forecast ??= null;
    s.merit = s.values.forecast ?? s.values.measured;
    const ends = [s.low[0], s.high[0]].filter(Boolean).flat();
    const shown = [...s.values.measured, ...(s.values.forecast ?? []), ...ends].flat().filter((value) => value !== null);
    const low = Math.min(...shown), high = Math.max(...shown), room = 0.03 * (high - low || 1);
    s.domain = [low - room, high + room];
    s.order = new Map();
    s.text = s.pairs.map((pair) => pair.join(" ").toLowerCase());
    return s;
  };
  M.setting = () => prepare(M.chosen());
  M.method = () => (M.state.method === "best" || M.setting().methods.includes(M.state.method) ? M.state.method : M.setting().methods[0]);
  // The place of the method under which a pair is shown: that chosen, or the best one of the pair.
  M.under = (s, pair, method = M.method()) => {
    if (method !== "best") return s.methods.indexOf(method);
    const merits = s.merit.map((row) => row[pair] ?? -Infinity);
    return merits.indexOf(Math.max(...merits));
  };
  M.merit = (s, pair) => s.merit[M.under(s, pair)][pair];
  M.ranked = (s) => {
    const method = M.method();
    if (!s.order.has(method)) {
      const known = s.pairs.map((_, i) => i).filter((i) => M.merit(s, i) !== null);
      s.order.set(method, known.sort((i, j) => M.merit(s, j) - M.merit(s, i)));
    }
    return s.order.get(method);
  };
  M.matches = (s, pair) => (M.state.filter ?? "").toLowerCase().split(/\s+/).filter(Boolean).every((word) => s.text[pair].includes(word));
  M.cell = (s, pair, m = M.under(s, pair)) => {
    const of = (grid) => grid?.[m]?.[pair] ?? null;
    return {
      method: s.methods[m], forecast: of(s.values.forecast), measured: of(s.values.measured), baseline: of(s.values.baseline),
      kept: [of(s.values.kept_a), of(s.values.kept_b)],
      spans: s.levels.map((level, i) => [level, of(s.low[i]), of(s.high[i])]).filter(([, low, high]) => low !== null && high !== null),
    };
  };
  M.pairName = (s, pair) => s.pairs[pair].join(" + ");
  M.span = (low, high) => `[${M.number(low)}, ${M.number(high)}]`;

  // A bar: intervals as lines, the forecast as a dot, what was measured as a diamond, the baseline as a stroke.
  M.bar = (s, cell) => {
    const [from, to] = s.domain, place = (value) => 100 * Math.min(1, Math.max(0, (value - from) / (to - from)));
    const track = M.make("span", { class: "track", "aria-hidden": "true" });
    cell.spans.forEach(([, low, high], i) => track.append(M.make("i", { class: i ? "wide" : "narrow", style: `left:${place(low)}%;width:${place(high) - place(low)}%` })));
    for (const kind of ["baseline", "measured", "forecast"])
      if (cell[kind] !== null) track.append(M.make("i", { class: kind, style: `left:${place(cell[kind])}%` }));
    return track;
  };
  M.told = (cell) => {
    const value = cell.forecast ?? cell.measured, span = cell.spans[0];
    return M.make("span", { class: "told" }, M.number(value), span ? M.make("small", {}, ` ${M.span(span[1], span[2])}`) : "");
  };

  const row = (s, pair) => {
    const cell = M.cell(s, pair), [a, b] = s.pairs[pair];
    const name = M.make("span", { class: "name" }, `${a} + ${b}`, M.method() === "best" ? M.make("small", {}, ` ${cell.method}`) : null);
    const pick = () => {
      M.set({ a, b, tab: "pair" });
      if (matchMedia("(max-width: 62rem)").matches) M.byId("pair-title")?.scrollIntoView({ block: "center" });
    };
    return M.make("li", {}, M.make("button", { type: "button", "data-pair": pair, onclick: pick }, name, M.bar(s, cell), M.told(cell)));
  };
  M.lists = (s) => {
    const found = M.ranked(s).filter((pair) => M.matches(s, pair));
    const best = found.slice(0, Math.min(LISTED, Math.ceil(found.length / 2)));
    const worst = found.slice(best.length).slice(-LISTED).reverse();
    return { found, best, worst };
  };
  let filled = "";
  const fill = () => {
    const s = M.setting(), asked = [s.name, M.method(), M.state.filter ?? ""].join("|");
    if (filled === asked) return; // another pair alone: the list, and the keyboard in it, stay
    filled = asked;
    const { found, best, worst } = M.lists(s);
    M.byId("verdict").replaceChildren(M.make("b", {}, s.verdict[0]), " ", s.verdict.slice(1).join(" "));
    M.byId("lacking").textContent = s.missing;
    M.options(M.byId("method"), [...s.methods.map((name) => [name, name]), ...(s.methods.length > 1 ? [["best", "the best of each pair"]] : [])], M.method());
    M.byId("best").replaceChildren(...best.map((pair) => row(s, pair)));
    M.byId("worst").replaceChildren(...worst.map((pair) => row(s, pair)));
    M.byId("found").textContent = found.length === s.pairs.length ? `${found.length} pairs` : `${found.length} of ${s.pairs.length} pairs`;
    const kind = s.values.forecast ? "forecast" : "measured value", spans = s.levels.map(M.percent);
    M.byId("legend").textContent = `By ${kind} of ${s.target}. ` + (spans.length ? `Line: interval of ${spans.join(", thin: ")}. ` : "") + (s.values.forecast ? "Dot: forecast. " : "") + "Diamond: measured." + (s.values.baseline ? " Stroke: the mean of the training pairs." : "");
    if (document.activeElement !== M.byId("find")) M.byId("find").value = M.state.filter ?? "";
  };

  const tabs = M.all(".controls [role=tab]"), views = M.all(".views [role=tab]");
  M.tabs(tabs, (tab) => M.set({ setting: tab.textContent }));
  M.tabs(views, (tab) => M.set({ tab: tab.dataset.view }));
  const arrange = () => {
    const mine = tabs.find((tab) => tab.textContent === M.setting().name);
    M.select(tabs, mine);
    if (mine) M.byId("explorer").setAttribute("aria-labelledby", mine.id);
    const view = views.find((tab) => tab.dataset.view === M.state.tab) ?? views[0];
    M.select(views, view);
    views.forEach((tab) => { M.byId(tab.getAttribute("aria-controls")).hidden = tab !== view; });
    M.view = view.dataset.view;
  };
  M.byId("method").addEventListener("change", (event) => M.set({ method: event.target.value }));
  M.byId("find").addEventListener("input", (event) => M.set({ filter: event.target.value }));
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    event.preventDefault();
    M.byId("find").focus();
  });
  M.byId("answer").addEventListener("click", (event) => {
    if (event.target.dataset?.csv !== "ranked") return;
    const s = M.setting();
    M.csv(`${s.name}_ranked`, M.columns(s), M.lists(s).found.map((pair, i) => M.line(s, pair, i + 1)));
  });
  M.columns = (s) => ["rank", "task_a", "task_b", "method", "forecast", "measured", ...s.levels.flatMap((level) => [`low_${level}`, `high_${level}`])];
  M.line = (s, pair, rank) => {
    const cell = M.cell(s, pair), ends = s.levels.flatMap((level) => (cell.spans.find(([known]) => known === level) ?? ["", "", ""]).slice(1));
    return [rank, ...s.pairs[pair], cell.method, cell.forecast, cell.measured, ...ends];
  };
  M.onchange(() => { arrange(); fill(); });
  arrange();
  fill();
}
