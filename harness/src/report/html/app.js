// What is open, the keys, and the start.

let openIndex;

function open() {
  const hash = decode(location.hash.slice(1));
  const [, id, event] = hash.match(/^(.*?)(?::(\d+))?$/s) ?? [];
  openIndex = places.get(id);
  const app = byId("app");
  const result = byId("result");
  for (const row of rows) row.link.removeAttribute("aria-current");
  if (openIndex === undefined) {
    if (hash.startsWith("?")) { setFilter(new URLSearchParams(hash.slice(1))); applyFilter(); }
    const unknown = hash && !hash.startsWith("?") ? h("p", { class: "reason", role: "alert" }, `This report has no scenario ${id}.`) : "";
    result.replaceChildren(unknown, overview());
    document.title = title();
  } else {
    const row = rows[openIndex];
    const { page, drawn } = scenarioPage(openIndex, event === undefined ? undefined : Number(event));
    result.replaceChildren(page);
    row.link.setAttribute("aria-current", "page");
    row.link.scrollIntoView({ block: "nearest" });
    document.title = `${visible(scenarios[openIndex].title)} · ${title()}`;
    result.scrollTop = 0;
    drawn();
  }
  app.dataset.view = hash.startsWith("?") ? "list" : "main";
  sayView();
}

function decode(text) {
  if (text.startsWith("?")) return text;
  try { return decodeURIComponent(text); } catch { return text; }
}

const title = () => `${ending().words} · ${visible(target)}`;

function sayView() {
  byId("switch").textContent = byId("app").dataset.view === "list" ? "Show the result" : "Show the list";
}

function go(index) {
  if (index !== undefined) location.hash = scenarios[index].id;
}

const notPassed = (scenario) => !["pass", "skip", "expected-failure"].includes(scenario.verdict);

const KEYS = [
  ["j", "next scenario", () => go(neighbour(1))],
  ["k", "previous scenario", () => go(neighbour(-1))],
  ["n", "next scenario that did not pass", () => go(neighbour(1, notPassed))],
  ["p", "previous scenario that did not pass", () => go(neighbour(-1, notPassed))],
  ["/", "search", () => { byId("app").dataset.view = "list"; sayView(); byId("search").select(); byId("search").focus(); }],
  ["o", "overview", () => { location.hash = filterHash(); }],
  ["Escape", "close what is open", closeSomething],
  ["?", "these keys", () => byId("help").showModal()],
];

function closeSomething() {
  const close = byId("panel-close");
  if (close) close.click();
  else if (document.activeElement === byId("search")) byId("search").blur();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const typing = event.target.closest("input, select, textarea");
  if (event.key !== "Escape" && (typing || !byId("keys-on").checked)) return;
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && moved(event)) return;
  const known = KEYS.find(([key]) => key === event.key);
  if (!known) return;
  if (event.key !== "Escape") event.preventDefault();
  known[2]();
}

/** Up and down go from event to event in the diagram, and from row to row in the list. */
function moved(event) {
  const within = event.target.closest(".steps") ? ".steps button[data-event]" : event.target.closest("#list") ? "#list li:not([hidden]) a" : undefined;
  if (!within) return false;
  const all = [...document.querySelectorAll(within)].filter((each) => each.offsetParent !== null);
  const next = all[all.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
  next?.focus();
  event.preventDefault();
  return true;
}

function start() {
  byId("home").textContent = "Conformance report";
  byId("keys").append(...KEYS.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key === "Escape" ? "Esc" : key)), h("dd", {}, what))),
    h("div", {}, h("dt", {}, h("kbd", {}, "↑"), " ", h("kbd", {}, "↓")), h("dd", {}, "from event to event, from scenario to scenario")));
  buildBar();
  buildFilters();
  buildList();
  applyFilter();
  byId("app").hidden = false;
  open();
  window.addEventListener("hashchange", () => { open(); byId("result").focus({ preventScroll: true }); });
  document.addEventListener("keydown", pressed);
  byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("result").focus(); });
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  byId("switch").addEventListener("click", () => {
    byId("app").dataset.view = byId("app").dataset.view === "list" ? "main" : "list";
    sayView();
  });
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

start();
