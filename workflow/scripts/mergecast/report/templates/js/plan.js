// The planner: what to merge next, as far as the budget goes, and how such a plan did where all is measured.
{
  const M = mergecast;
  const FIRST = 10, MOST = 200;
  const heading = (...names) => M.make("thead", {}, M.make("tr", {}, ...names.map(([name, numeric]) => M.make("th", { scope: "col", class: numeric ? "n" : null }, name))));
  const cell = (text, numeric) => M.make("td", { class: numeric ? "n" : null }, text);
  const step = (s, i) => {
    const p = s.plan, pair = p.pair[i], [a, b] = s.pairs[pair], method = s.methods[p.method[i]];
    const pick = M.make("button", { type: "button", class: "link", onclick: () => M.visit({ a, b, method, tab: "pair" }) }, `${a} + ${b}`);
    const span = p.low && p.low[i] !== null ? ` ${M.span(p.low[i], p.high[i])}` : "";
    return M.make("tr", {}, cell(String(i + 1), true), M.make("th", { scope: "row" }, pick, M.make("small", { class: "beside" }, ` ${method}`)), M.make("td", { class: "n" }, M.number(p.forecast[i]), M.make("small", { class: "beside" }, span)), cell(M.signed(p.gain[i], 4), true));
  };
  const judged = (s, budget) => {
    if (!s.planner) return null;
    const budgets = [...new Set(s.planner.map((row) => row.budget))].sort((x, y) => x - y);
    const near = budgets.filter((known) => known <= budget).at(-1) ?? budgets[0];
    const rows = s.planner.filter((row) => row.budget === near).map((row) => M.make("tr", {}, M.make("th", { scope: "row" }, row.strategy.replaceAll("_", " ")), cell(M.number(row.regret, 4), true),
      cell(row.low === undefined || row.low === null ? "–" : `${M.number(row.low, 4)} to ${M.number(row.high, 4)}`, true), cell(row.hit_rate === undefined ? "–" : M.number(row.hit_rate, 2), true)));
    return M.make("div", {}, M.make("h3", {}, `How such plans did with ${near} merge${near === 1 ? "" : "s"}`),
      M.make("p", { class: "quiet" }, "On the pairs that were measured: a model that nobody merged looks for its best partner and method. Regret: what the best merge found lacks of the best there is, the mean over models with its 95 % interval. Hits: share of the merges that are among the best tenth."),
      M.make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Strategies" },
        M.make("table", {}, heading(["strategy"], ["regret", true], ["interval", true], ["hits", true]), M.make("tbody", {}, ...rows))));
  };
  const fill = () => {
    const s = M.setting(), where = M.byId("plan");
    if (!s.plan?.pair.length) return where.replaceChildren(M.make("p", {}, s.plan ? "Every pair is merged." : "This setting has no plan."), judged(s, FIRST) ?? "");
    const most = Math.min(MOST, s.plan.pair.length), budget = Math.min(most, Math.max(1, Number(M.state.budget) || Math.min(FIRST, most)));
    if (where.dataset.setting !== s.name) {
      const slider = M.make("input", { type: "range", id: "budget", min: 1, max: most, oninput: (event) => M.set({ budget: event.target.value }) });
      where.replaceChildren(M.make("div", { class: "chart-head" }, M.make("label", {}, "Budget ", slider), M.make("output", { for: "budget", id: "merges" }),
        M.make("button", { type: "button", class: "small", "data-csv": "plan" }, "CSV")), M.make("p", { id: "gained" }), M.make("div", { id: "steps" }), M.make("div", { id: "judged" }));
      where.dataset.setting = s.name;
    }
    M.byId("budget").value = budget;
    M.byId("merges").textContent = `${budget} merge${budget === 1 ? "" : "s"}`;
    M.byId("gained").textContent = `Merge these next, in this order. The last of them is expected to raise the best measured ${s.target} by ${M.number(s.plan.gain[budget - 1], 4)}.`;
    const rows = Array.from({ length: budget }, (_, i) => step(s, i));
    M.byId("steps").replaceChildren(M.make("div", { class: "scroll steps", tabindex: "0", role: "group", "aria-label": "The plan" },
      M.make("table", {}, heading(["step", true], ["pair and method"], ["forecast", true], ["gain", true]), M.make("tbody", {}, ...rows))));
    M.byId("judged").replaceChildren(judged(s, budget) ?? "");
  };
  M.byId("plan").addEventListener("click", (event) => {
    if (event.target.dataset?.csv !== "plan") return;
    const s = M.setting(), p = s.plan;
    M.csv(`${s.name}_plan`, ["step", "task_a", "task_b", "method", "forecast", "low", "high", "gain"],
      p.pair.map((pair, i) => [i + 1, ...s.pairs[pair], s.methods[p.method[i]], p.forecast[i], p.low?.[i], p.high?.[i], p.gain[i]]));
  });
  M.onchange((changes) => { if (!changes || !("filter" in changes)) fill(); });
  fill();
}
