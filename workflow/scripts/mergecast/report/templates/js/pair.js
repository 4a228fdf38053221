// One pair: its forecast and what was measured, why, its neighbours, and a bar for each method.
{
  const M = mergecast;
  const place = (s, a, b) => {
    const straight = s.pairs.findIndex(([one, other]) => one === a && other === b);
    return straight >= 0 ? straight : s.pairs.findIndex(([one, other]) => one === b && other === a);
  };
  M.pair = (s) => {
    const wanted = place(s, M.state.a, M.state.b);
    return wanted >= 0 ? wanted : M.state.a && M.state.b && s.tasks.includes(M.state.a) && s.tasks.includes(M.state.b) ? -1 : M.ranked(s)[0] ?? 0;
  };
  const link = (s, pair, ...more) => M.make("button", { type: "button", class: "link", onclick: () => M.visit({ a: s.pairs[pair][0], b: s.pairs[pair][1] }) }, M.pairName(s, pair), ...more);
  const item = (name, ...value) => M.make("div", {}, M.make("dt", {}, name), M.make("dd", {}, ...value));

  const numbers = (s, pair, cell) => {
    const [a, b] = s.pairs[pair], order = M.ranked(s), rank = order.indexOf(pair) + 1, facts = [];
    if (s.values.forecast) facts.push(item("forecast", M.make("b", {}, M.number(cell.forecast))));
    cell.spans.forEach(([level, low, high]) => facts.push(item(`${M.percent(level)} interval`, `${M.number(low)} to ${M.number(high)}`)));
    if (s.values.forecast && !cell.spans.length) facts.push(item("interval", "too few tasks for one"));
    const inside = cell.spans.length && cell.measured !== null ? (cell.measured >= cell.spans[0][1] && cell.measured <= cell.spans[0][2] ? ", inside" : ", outside") : "";
    facts.push(item("measured", cell.measured === null ? "not merged yet" : M.make("b", {}, M.number(cell.measured)), inside));
    if (rank) facts.push(item("rank", `${rank} of ${order.length}`));
    if (cell.kept[0] !== null) facts.push(item(`keeps of ${a}`, M.number(cell.kept[0])), item(`keeps of ${b}`, M.number(cell.kept[1])));
    if (cell.baseline !== null) facts.push(item("mean of pairs", M.number(cell.baseline)));
    if (s.unseen?.[pair]) facts.push(item("unseen tasks", `${s.unseen[pair]} of 2`));
    return M.make("dl", { class: "facts" }, ...facts);
  };
  const reasons = (s, pair) => {
    const m = M.under(s, pair), which = s.reasons?.which[m]?.[pair] ?? [];
    if (!which.length) return null;
    const lines = which.map((reason, i) => M.make("li", {}, M.make("b", {}, M.signed(s.reasons.by[m][pair][i])), ` ${s.reasons.said[reason]}`));
    return M.make("div", {}, M.make("h3", {}, "Reasons", M.make("small", {}, " against a typical pair")), M.make("ul", { class: "plain" }, ...lines));
  };
  const neighbours = (s, pair) => {
    const near = s.near?.pair[pair] ?? [];
    if (!near.length) return null;
    const told = (other) => ` ${M.number(M.cell(s, other, M.under(s, pair)).measured)}`;
    const lines = near.map((other, i) => M.make("li", {}, link(s, other), M.make("b", {}, told(other)), M.make("small", {}, ` distance ${M.number(s.near.distance[pair][i], 2)}`)));
    return M.make("div", {}, M.make("h3", {}, "Measured neighbours"), M.make("ul", { class: "plain" }, ...lines));
  };
  const bars = (s, pair) => {
    const shown = M.under(s, pair);
    const lines = s.methods.map((method, m) => {
      const cell = M.cell(s, pair, m), told = M.told(cell);
      const was = s.values.forecast ? M.make("span", { class: "was" }, cell.measured === null ? "" : M.number(cell.measured)) : null;
      return M.make("li", { class: m === shown ? "chosen" : null }, M.make("span", { class: "name" }, method), M.bar(s, cell), told, was);
    });
    return M.make("div", { class: "each" }, M.make("h3", {}, "Under each method", s.values.forecast ? M.make("small", {}, "measured") : null), M.make("ul", { class: "ranked bars" }, ...lines));
  };

  const fill = () => {
    const s = M.setting(), pair = M.pair(s), names = pair < 0 ? [M.state.a, M.state.b] : s.pairs[pair];
    const [a, b] = place(s, M.state.a, M.state.b) >= 0 ? [M.state.a, M.state.b] : names;
    M.options(M.byId("first"), s.tasks.map((name) => [name, name]), a);
    M.options(M.byId("second"), s.tasks.map((name) => [name, name]), b);
    M.all("[data-pair]").forEach((button) => button.setAttribute("aria-current", Number(button.dataset.pair) === pair));
    if (pair < 0) return M.byId("pair").replaceChildren(M.make("p", {}, a === b ? "Choose two different models." : `Nothing is known of ${a} + ${b}.`));
    const cell = M.cell(s, pair);
    M.byId("pair").replaceChildren(
      M.make("h3", { class: "title", id: "pair-title", tabindex: "-1" }, `${M.pairName(s, pair)} under ${cell.method}`), numbers(s, pair, cell),
      M.make("div", { class: "why" }, ...[reasons(s, pair), neighbours(s, pair)].filter(Boolean)), bars(s, pair));
  };
  // Go to a pair from a link: the link may be gone, so the keyboard goes on from the pair's heading.
  M.visit = (changes) => {
    M.set(changes);
    M.byId("pair-title")?.focus();
  };
  const choose = () => M.set({ a: M.byId("first").value, b: M.byId("second").value });
  M.byId("first").addEventListener("change", choose);
  M.byId("second").addEventListener("change", choose);
  M.onchange(fill);
  fill();
}
