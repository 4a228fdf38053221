// What the reader chose, kept in the address: setting, pair, method, tab, filter, sort, budget, evidence that is open.
{
  const M = mergecast;
  const NAMES = ["setting", "a", "b", "method", "tab", "filter", "sort", "budget", "side", "open"];
  const listeners = [];
  M.settings = M.read("settings");
  M.chosen = () => M.settings.find((setting) => setting.name === M.state.setting) ?? M.settings[0];
  M.onchange = (listener) => listeners.push(listener);
  const parse = () => (location.hash.includes("=") ? Object.fromEntries(new URLSearchParams(location.hash.slice(1))) : {});
  M.state = parse();
  M.address = () => `#${new URLSearchParams(NAMES.filter((name) => M.state[name]).map((name) => [name, M.state[name]]))}`;
  M.set = (changes) => {
    Object.assign(M.state, changes);
    history.replaceState(null, "", M.address());
    listeners.forEach((listener) => listener(changes));
  };
  addEventListener("hashchange", () => {
    if (!location.hash.includes("=")) return; // an anchor: see evidence.js
    M.state = parse();
    listeners.forEach((listener) => listener(null));
  });
}
