// Tables by Tabulator: all pairs of the explorer, and every table of the evidence.
{
  const M = mergecast;
  const escaped = (text) => M.make("span", {}, text).innerHTML;
  const order = (a, b, direction) => { // what is undefined always comes last
    const lost = (value) => value === null || value === undefined || value === "";
    if (lost(a) || lost(b)) return (lost(a) - lost(b)) * (direction === "asc" ? 1 : -1);
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en");
  };
  const make = async (element, options) => {
    await M.library("tabulator");
    const table = new Tabulator(element, { layout: "fitDataFill", headerSortTristate: false, autoResize: true, placeholder: "No row fits.", ...options });
    await new Promise((done) => table.on("tableBuilt", done));
    reachable(element);
    return table;
  };
  // The keyboard sorts by a heading and scrolls the rows.
  const reachable = (element) => {
    M.all(".tabulator-col.tabulator-sortable", element).forEach((heading) => {
      heading.tabIndex = 0;
      heading.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); heading.click(); } });
    });
    const rows = element.querySelector(".tabulator-tableholder"), inner = rows.querySelector(".tabulator-table");
    rows.tabIndex = 0;
    rows.setAttribute("role", "rowgroup");
    inner.setAttribute("role", "presentation");
    element.setAttribute("aria-label", element.dataset.label);
  };

  // ---- all pairs -----------------------------------------------------------------------------------------------------
  const SORTS = { forecast: "forecast", measured: "measured", low: "lower end", error: "forecast − measured", a: "task" };
  let pairs = null, mine = "";
  const numeric = (title, field, more = {}) => ({ title, field, hozAlign: "right", headerHozAlign: "right", sorter: (x, y, _, __, ___, direction) => order(x, y, direction), formatter: (cell) => M.number(cell.getValue()), headerSortStartingDir: "desc", minWidth: 72, ...more });
  const data = (s) => {
    const rank = new Map(M.ranked(s).map((pair, i) => [pair, i + 1]));
    return s.pairs.map(([a, b], pair) => {
      const cell = M.cell(s, pair), [span] = cell.spans;
      const error = cell.forecast !== null && cell.measured !== null ? cell.forecast - cell.measured : null;
      return { pair, a, b, method: cell.method, rank: rank.get(pair) ?? null, forecast: cell.forecast, low: span?.[1] ?? null, high: span?.[2] ?? null, measured: cell.measured, error };
    });
  };
  const columns = (s) => [
    { title: "pair", field: "a", minWidth: 150, widthGrow: 2, formatter: (cell) => {
      const { a, b } = cell.getData();
      return M.make("button", { type: "button", class: "link", onclick: () => M.visit({ a, b, tab: "pair" }) }, `${a} + ${b}`);
    } },
    ...(M.method() === "best" ? [{ title: "method", field: "method", minWidth: 90 }] : []),
    ...(s.values.forecast ? [numeric("forecast", "forecast", { minWidth: 104 })] : []),
    ...(s.levels.length ? [numeric(`${M.percent(s.levels[0])} interval`, "low", { minWidth: 124, formatter: (cell) => (cell.getValue() === null ? "–" : `${M.number(cell.getValue())} – ${M.number(cell.getData().high)}`) })] : []),
    numeric("measured", "measured", { minWidth: 92 }),
    ...(s.values.forecast ? [numeric("error", "error", { formatter: (cell) => (cell.getValue() === null ? "–" : M.signed(cell.getValue())) })] : []),
    numeric("rank", "rank", { minWidth: 56, formatter: (cell) => cell.getValue() ?? "–", headerSortStartingDir: "asc" }),
  ];
  const sorting = (s) => {
    const [field, direction] = (M.state.sort ?? "").split("-");
    return field ? { column: field, dir: direction === "asc" ? "asc" : "desc" } : { column: s.values.forecast ? "forecast" : "measured", dir: "desc" };
  };
  const offer = (s) => {
    const now = sorting(s), there = Object.entries(SORTS).filter(([field]) => columns(s).some((column) => column.field === field));
    M.options(M.byId("sort"), there.flatMap(([field, name]) => (field === "a" ? ["asc"] : ["desc", "asc"]).map((dir) => [`${field}-${dir}`, name + (field === "a" ? "" : dir === "desc" ? ", high first" : ", low first")])), `${now.column}-${now.dir}`);
  };
  const fill = async (changes) => {
    const s = M.setting();
    offer(s);
    if (M.view !== "all") return;
    const kind = `${s.name}|${M.method()}`;
    if (mine !== kind) {
      mine = kind;
      pairs?.destroy();
      pairs = null;
      const made = await make(M.byId("all"), { data: data(s), columns: columns(s), layout: "fitColumns", height: "min(34rem, 70vh)", initialSort: [sorting(s)] });
      if (mine !== kind) return made.destroy();
      pairs = made;
      pairs.setFilter((row) => M.matches(M.setting(), row.pair));
      pairs.on("dataSorted", ([sorter]) => {
        const now = sorter && `${sorter.field}-${sorter.dir}`;
        if (now && now !== M.state.sort && now !== `${sorting(M.setting()).column}-${sorting(M.setting()).dir}`) M.set({ sort: now });
      });
    } else if (pairs) {
      const now = sorting(s), [known] = pairs.getSorters();
      if (known?.field !== now.column || known?.dir !== now.dir) pairs.setSort(now.column, now.dir);
      if (!changes || "filter" in changes) pairs.refreshFilter();
    }
  };
  M.byId("sort").addEventListener("change", (event) => M.set({ sort: event.target.value }));
  M.byId("panel-all").addEventListener("click", (event) => {
    if (event.target.dataset?.csv !== "all") return;
    const s = M.setting(), rank = new Map(M.ranked(s).map((pair, i) => [pair, i + 1]));
    const rows = pairs ? pairs.getData("active").map((row) => row.pair) : M.lists(s).found;
    M.csv(`${s.name}_pairs`, M.columns(s), rows.map((pair) => M.line(s, pair, rank.get(pair))));
  });
  M.onchange(fill);
  fill();

  // ---- a table of the evidence, as it stands in the page --------------------------------------------------------------
  const plain = (text) => text.replaceAll("−", "-");
  M.key = (text, given) => { // "0.52 [0.31, 0.70]": its first number
    if (given !== undefined) return given === "" ? null : Number(given);
    const found = Number.parseFloat(plain(text).replace(/^\[/, ""));
    return Number.isNaN(found) ? null : found;
  };
  M.cellOf = (html, text, number, style = "", given = undefined) => ({ html, text, style, key: number ? M.key(text, given) : text });
  const cellOf = (td) => M.cellOf(td.innerHTML, td.textContent.trim(), td.classList.contains("n"), td.classList.contains("bar") ? td.style.cssText : null, td.dataset.v ?? td.dataset.m);
  M.rowOf = (kind, cells) => ({ kind, ...Object.fromEntries(cells.map((cell, i) => [`c${i}`, cell])) });
  M.gridOf = async (table, name) => {
    const headings = [...table.tHead.rows[0].cells], wide = headings.length > 8;
    const rows = [...table.tBodies[0].rows].map((row) => M.rowOf(row.className, [...row.cells].map(cellOf)));
    const shown = headings.map((th, i) => ({
      title: escaped(th.textContent), field: `c${i}`, frozen: i === 0 && wide && innerWidth > 640,
      hozAlign: th.classList.contains("n") ? "right" : "left", headerHozAlign: th.classList.contains("n") ? "right" : "left",
      headerSortStartingDir: th.classList.contains("n") ? "desc" : "asc", maxInitialWidth: 420, variableHeight: true,
      sorter: (x, y, _, __, ___, direction) => order(x.key, y.key, direction),
      formatter: (cell) => {
        const { html, style } = cell.getValue(), made = M.make("span", { class: style === null ? "value" : "value bar", style: style || null });
        made.innerHTML = html;
        return made;
      },
    }));
    const element = M.make("div", { class: table.className, "data-label": table.closest("section").querySelector("h3").textContent }), holder = table.closest(".scroll") ?? table;
    const save = M.make("button", { type: "button", class: "small", "data-csv": name }, "CSV");
    holder.replaceWith(M.make("div", { class: "table-head" }, save), element);
    const made = await make(element, { data: rows, columns: shown, ...(rows.length > 24 ? { height: "40rem" } : {}), renderHorizontal: "basic",
      rowFormatter: (row) => row.getData().kind && row.getElement().classList.add(row.getData().kind) });
    save.addEventListener("click", () => M.csv(name, headings.map((th) => th.textContent), made.getData("active").map((row) => headings.map((_, i) => plain(row[`c${i}`].text)))));
    const box = element.closest("section").querySelector("input[data-filter]");
    if (box) {
      const count = box.closest("section").querySelector(".count"), words = () => box.value.toLowerCase().split(/\s+/).filter(Boolean);
      const texts = (row) => headings.map((th, i) => (th.classList.contains("n") ? "" : row[`c${i}`].text)).join(" ").toLowerCase();
      const tell = () => { const left = made.getDataCount("active"); count.textContent = left === rows.length ? `${left} rows` : `${left} of ${rows.length} rows`; };
      made.setFilter((row) => words().every((word) => texts(row).includes(word)));
      box.addEventListener("input", () => { made.refreshFilter(); tell(); });
      tell();
    }
    return made;
  };
}
