"use strict";
// What all parts of the page share: elements, numbers, packed parts, files to save, rows of tabs.
const mergecast = {};
{
  const M = mergecast;
  M.all = (selector, root = document) => [...root.querySelectorAll(selector)];
  M.byId = (id) => document.getElementById(id);
  M.read = (id) => JSON.parse(M.byId(id).textContent);
  M.make = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };
  M.options = (select, names, chosen) => select.replaceChildren(...names.map(([value, text]) => new Option(text, value, false, value === chosen)));

  M.number = (value, digits = 3) => {
    if (value === null || value === undefined) return "–";
    const text = value.toFixed(digits);
    return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
  };
  M.signed = (value, digits = 3) => (value > 0 ? "+" : "") + M.number(value, digits);
  M.percent = (level) => `${Math.round(100 * level)} %`;

  // A part that is packed: gzip in base64. It stands behind the explorer, which may ask before it is there.
  const whole = new Promise((done) => { document.readyState === "loading" ? addEventListener("DOMContentLoaded", done) : done(); });
  const unpack = async (id) => {
    await whole;
    const bytes = Uint8Array.from(atob(M.byId(id).textContent), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const unpacked = new Map();
  M.unpack = (id) => {
    if (!unpacked.has(id)) unpacked.set(id, unpack(id));
    return unpacked.get(id);
  };
  const loaded = new Map();
  M.library = (id) => {
    if (!loaded.has(id)) loaded.set(id, M.unpack(id).then((text) => { document.head.append(M.make("script", {}, text)); }));
    return loaded.get(id);
  };

  M.save = (name, text, type) => {
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = M.make("a", { href: address, download: name, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };
  const quoted = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  M.csv = (name, head, rows) => M.save(`${name}.csv`, [head, ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n", "text/csv");

  // A row of tabs: the arrow keys move, one tab alone is in the order of the Tab key.
  M.tabs = (tabs, choose) => tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = tabs[(to + tabs.length) % tabs.length];
      next.focus();
      choose(next);
    });
  });
  M.select = (tabs, chosen) => tabs.forEach((tab) => {
    tab.setAttribute("aria-selected", tab === chosen);
    tab.tabIndex = tab === chosen ? 0 : -1;
  });
}
