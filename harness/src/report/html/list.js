// The list of scenarios at the left, and what is shown of it.

const filter = { verdicts: new Set(), protocol: "", area: "", rule: "", text: "" };

const rows = [];
const groups = [];

function buildList() {
  const list = byId("list");
  let group;
  scenarios.forEach((scenario, index) => {
    const name = `${protocolName(scenario)} / ${scenario.area}`;
    if (group?.name !== name) {
      group = { name, rows: [], list: h("ol", {}) };
      group.count = h("span", { class: "muted" });
      group.element = h("section", { class: "group", "aria-label": name },
        h("h2", {}, h("span", {}, `${protocolName(scenario)} `, h("b", {}, scenario.area)), group.count), group.list);
      groups.push(group);
    }
    const link = h("a", { href: `#${scenario.id}`, class: "row" },
      sign(scenario.verdict), hidden(`${VERDICT.get(scenario.verdict).word}: `), h("span", {}, scenario.title));
    const row = { element: h("li", {}, link), link, index };
    group.rows.push(row);
    group.list.append(row.element);
    rows.push(row);
  });
  list.append(...groups.map((each) => each.element),
    h("p", { class: "nothing", id: "nothing", hidden: true }, "No scenario fits the filters."));
}

/** Everything of a scenario in which text is searched, made when it is first needed. */
const haystacks = [];
function haystack(index) {
  if (haystacks[index] === undefined) {
    const scenario = scenarios[index];
    const said = scenario.findings.flatMap((finding) => [finding.problem, finding.expected, finding.received, finding.rule]);
    const messages = scenario.events.flatMap((event) => [
      event.text, event.message?.name, ...(event.message?.fields ?? []).flatMap((field) => [field.name, field.value]),
    ]);
    const output = (scenario.output ?? []).map((line) => line.text);
    const parts = [scenario.id, scenario.title, scenario.file, scenario.reason, ...scenario.rules, scenario.source.text];
    haystacks[index] = [...parts, ...said, ...messages, ...output].join("\n").toLowerCase();
  }
  return haystacks[index];
}

function fits(index) {
  const scenario = scenarios[index];
  if (filter.verdicts.size > 0 && !filter.verdicts.has(scenario.verdict)) return false;
  if (filter.protocol && protocolName(scenario) !== filter.protocol) return false;
  if (filter.area && scenario.area !== filter.area) return false;
  if (filter.rule && !concerned(scenario).some((id) => `${scenario.protocol}/${id}` === filter.rule)) return false;
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => haystack(index).includes(word));
}

function applyFilter() {
  let shown = 0;
  for (const group of groups) {
    let inGroup = 0;
    for (const row of group.rows) {
      row.fits = fits(row.index);
      row.element.hidden = !row.fits;
      inGroup += row.fits ? 1 : 0;
    }
    group.element.hidden = inGroup === 0;
    group.count.textContent = inGroup === group.rows.length ? `${inGroup}` : `${inGroup} of ${group.rows.length}`;
    shown += inGroup;
  }
  const all = shown === scenarios.length;
  byId("shown").textContent = all ? count(shown, "scenario") : `${shown.toLocaleString("en")} of ${count(scenarios.length, "scenario")}`;
  byId("clear").hidden = all && !isFiltered();
  byId("nothing").hidden = shown > 0;
  for (const chip of byId("verdicts").children) {
    chip.setAttribute("aria-pressed", String(filter.verdicts.has(chip.dataset.verdict)));
  }
}

const isFiltered = () => filter.verdicts.size > 0 || Boolean(filter.protocol || filter.area || filter.rule || filter.text);

function buildFilters() {
  const chips = VERDICTS.filter(({ key }) => record.summary.counts[key] > 0).map(({ key, word }) =>
    h("button", { type: "button", class: `chip ${key}`, "data-verdict": key, "aria-pressed": "false", on: { click: () => toggle(key) } },
      sign(key), `${word} `, h("b", {}, record.summary.counts[key].toLocaleString("en"))));
  byId("verdicts").append(...chips);
  options("protocol", [...new Set(scenarios.map(protocolName))].map((name) => [name, name]));
  const areas = [...new Set(scenarios.map((scenario) => scenario.area))].sort();
  options("area", areas.map((name) => [name, name]));
  options("rule", record.rules.map((rule) => [`${rule.protocol}/${rule.id}`, rule.id]));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["protocol", "area", "rule"]) {
    byId(name).addEventListener("change", () => { filter[name] = byId(name).value; changed(); });
  }
  let waiting;
  byId("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { filter.text = byId("search").value; changed(); }, 120);
  });
  byId("clear").addEventListener("click", () => { setFilter(new URLSearchParams()); changed(); byId("search").focus(); });
}

function options(id, values) {
  byId(id).append(h("option", { value: "" }, "All"), ...values.map(([value, name]) => h("option", { value }, name)));
}

function toggle(verdict) {
  if (!filter.verdicts.delete(verdict)) filter.verdicts.add(verdict);
  changed();
}

function changed() {
  applyFilter();
  if (openIndex === undefined) history.replaceState(null, "", filterHash() || "#");
}

/** The filters as the part of an address behind `#`. */
function filterHash() {
  const params = new URLSearchParams();
  if (filter.verdicts.size > 0) params.set("verdict", [...filter.verdicts].join(","));
  for (const name of ["protocol", "area", "rule"]) if (filter[name]) params.set(name, filter[name]);
  if (filter.text) params.set("q", filter.text);
  return params.size > 0 ? `#?${params}` : "";
}

function setFilter(params) {
  const verdicts = (params.get("verdict") ?? "").split(",").filter((key) => VERDICT.has(key));
  filter.verdicts = new Set(verdicts);
  for (const name of ["protocol", "area", "rule"]) {
    byId(name).value = params.get(name) ?? "";
    filter[name] = byId(name).value;
  }
  filter.text = params.get("q") ?? "";
  byId("search").value = filter.text;
}

/** The next row that is shown, from the open one on; `wanted` chooses among them. */
function neighbour(step, wanted = () => true) {
  const start = openIndex ?? (step > 0 ? -1 : rows.length);
  for (let index = start + step; index >= 0 && index < rows.length; index += step) {
    if (rows[index].fits && wanted(scenarios[index])) return index;
  }
  return undefined;
}
