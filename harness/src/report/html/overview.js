// What is seen first: how the run ended, which rules are broken, and all rules.

const complaints = record.complaints ?? [];

function ending() {
  const counts = record.summary.counts;
  const wrong = (counts.fail ?? 0) + (counts["unexpected-pass"] ?? 0);
  const judged = (counts.pass ?? 0) + (counts.warn ?? 0) + (counts["expected-failure"] ?? 0);
  const planned = record.protocols.reduce((sum, each) => sum + each.scenarios, 0);
  if (wrong > 0 || complaints.length > 0) return { key: "fail", words: "Does not conform" };
  if (record.interrupted) return { key: "inconclusive", words: "Interrupted" };
  if (judged === 0) return { key: "inconclusive", words: "Nothing was judged" };
  if (counts.inconclusive > 0 || scenarios.length < planned) return { key: "inconclusive", words: "Not everything could be judged" };
  return { key: counts.warn > 0 ? "warn" : "pass", words: counts.warn > 0 ? "Conforms, with warnings" : "Conforms" };
}

function buildBar() {
  const total = Math.max(1, scenarios.length);
  const parts = VERDICTS.filter(({ key }) => record.summary.counts[key] > 0);
  const drawn = [];
  let x = 0;
  for (const { key } of parts) {
    const width = (record.summary.counts[key] / total) * 1000;
    drawn.push(svg("rect", { class: `part ${key}`, x: x.toFixed(2), y: 0, width: Math.max(width, 4).toFixed(2), height: 6 }));
    x += width;
  }
  const words = parts.map(({ key, word }) => `${word.toLowerCase()}: ${record.summary.counts[key]}`).join(", ");
  byId("bar").append(svg("svg", { viewBox: "0 0 1000 6", preserveAspectRatio: "none", role: "img", "aria-label": words }, drawn));
}

function overview() {
  const { key, words } = ending();
  const page = h("div", { class: "page" },
    h("div", { class: "heading" },
      h("p", { class: "over" }, record.protocols.map((each) => protocolName({ protocol: each.name, dialect: each.dialect })).join(", ")),
      h("h2", { class: `verdict ${key}` }, words),
      h("p", { class: "target" }, h("code", {}, target)),
      h("p", { class: "muted" }, facts())),
    tiles(), complained(), brokenRules(), reasons(), remarks(), allRules());
  return page;
}

function facts() {
  const started = new Date(record.started);
  const when = Number.isNaN(started.getTime()) ? record.started : started.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
  const parts = [when, `took ${duration(record.took_ms)}`, `${record.jobs} at a time`, `seed ${record.seed}`, `harness ${record.harness}`];
  if (record.shard) parts.push(`part ${record.shard.index} of ${record.shard.of}`);
  return parts.join(" · ");
}

function tiles() {
  const tile = ({ key, word }) => h("a", { class: `tile ${key}`, href: `#?verdict=${key}` },
    h("span", { class: "number" }, record.summary.counts[key].toLocaleString("en")), h("span", { class: "word" }, sign(key), word));
  const shown = VERDICTS.filter(({ key }) => record.summary.counts[key] > 0);
  return h("div", { class: "tiles" }, shown.map(tile));
}

function complained() {
  if (complaints.length === 0) return undefined;
  return h("section", {}, h("h3", {}, "What else makes the run fail"),
    h("ul", { class: "complaints" }, complaints.map((each) => h("li", {}, each.message, each.help && h("p", { class: "muted" }, each.help),
      each.place && h("p", { class: "muted path" }, `${each.place.file}:${each.place.line}`)))));
}

function scenarioLink(index, withRules) {
  const scenario = scenarios[index];
  const finding = scenario.findings[0];
  return h("li", {}, h("a", { href: `#${scenario.id}` }, sign(scenario.verdict), h("span", {}, scenario.title)),
    finding && h("p", { class: "muted" }, finding.actor ? `${finding.actor}: ` : "", finding.problem),
    withRules && h("p", { class: "muted" }, scenario.rules.join(", ")));
}

function levelWord(level) {
  return h("span", { class: `level ${level}` }, level);
}

function brokenRules() {
  if (record.summary.broken.length === 0) return undefined;
  const item = (each) => {
    const rule = rules.get(`${each.protocol}/${each.rule}`);
    const found = rows.map((row) => row.index).filter((index) =>
      scenarios[index].protocol === each.protocol && broken(scenarios[index]).includes(each.rule));
    return h("article", { class: `card broken ${rule?.level ?? ""}` },
      h("h4", {}, h("span", { class: "rule" }, each.rule), levelWord(rule?.level ?? ""), h("span", { class: "muted" }, `broken by ${count(each.scenarios, "scenario")}`)),
      rule && h("p", { class: "rule-text" }, rule.text),
      rule && h("p", { class: "muted source" }, rule.source),
      h("ul", { class: "links" }, found.slice(0, 8).map((index) => scenarioLink(index))),
      found.length > 8 && h("p", {}, h("a", { href: `#?${new URLSearchParams({ rule: `${each.protocol}/${each.rule}` })}` }, `All ${found.length} in the list`)));
  };
  return h("section", { "aria-labelledby": "broken" }, h("h3", { id: "broken" }, "Broken rules"), record.summary.broken.map(item));
}

function reasons() {
  const parts = [["inconclusive", "Why it could not be decided"], ["skip", "Why it was skipped"]];
  const sections = parts.map(([verdict, title]) => {
    const counted = new Map();
    for (const scenario of scenarios) {
      if (scenario.verdict !== verdict) continue;
      const reason = scenario.reason ?? "no reason was given";
      counted.set(reason, (counted.get(reason) ?? 0) + 1);
    }
    if (counted.size === 0) return undefined;
    const sorted = [...counted].sort((a, b) => b[1] - a[1]).slice(0, 50);
    return h("section", {}, h("h3", {}, title),
      h("ul", { class: "reasons" }, sorted.map(([reason, times]) => h("li", {}, h("b", {}, times), h("span", {}, reason)))));
  });
  return sections;
}

function remarks() {
  const said = [...record.notes, ...record.left_out.map((each) => `${count(each.scenarios, "scenario")} of ${each.name} left out: the target does not speak it`)];
  if (record.interrupted) said.push("The run was interrupted: what had not run is not judged.");
  if (said.length === 0) return undefined;
  return h("section", {}, h("h3", {}, "Remarks"), h("ul", {}, said.map((text) => h("li", {}, text))));
}

/** Of each rule: in how many scenarios it held and in how many it was found broken. */
function results() {
  const found = new Map(record.rules.map((rule) => [`${rule.protocol}/${rule.id}`, { kept: 0, broken: 0, open: 0 }]));
  for (const scenario of scenarios) {
    const bad = broken(scenario);
    for (const id of concerned(scenario)) {
      const result = found.get(`${scenario.protocol}/${id}`);
      if (!result) continue;
      if (bad.includes(id)) result.broken += 1;
      else if (["pass", "unexpected-pass"].includes(scenario.verdict)) result.kept += 1;
      else result.open += 1;
    }
  }
  return found;
}

function allRules() {
  const found = results();
  const row = (rule) => {
    const key = `${rule.protocol}/${rule.id}`;
    const { kept, broken: bad, open } = found.get(key);
    const state = bad > 0 ? "fail" : kept > 0 ? "pass" : "skip";
    const words = bad > 0 ? `broken in ${bad} of ${bad + kept + open}` : kept > 0 ? `kept in ${kept}${open > 0 ? ` of ${kept + open}` : ""}` : "not judged";
    return h("tr", {},
      h("th", { scope: "row" }, h("a", { href: `#?${new URLSearchParams({ rule: key })}`, class: "rule" }, rule.id)),
      h("td", {}, levelWord(rule.level)),
      h("td", { class: `result ${bad > 0 && rule.level === "should" ? "warn" : state}` }, sign(bad > 0 && rule.level === "should" ? "warn" : state), words),
      h("td", {}, h("p", {}, rule.text), h("p", { class: "muted" }, rule.source)));
  };
  const head = ["Rule", "Level", "Result", "What it asks for, and where that stands"];
  const tables = [...new Set(record.rules.map((rule) => rule.protocol))].map((protocol) => {
    const own = record.rules.filter((rule) => rule.protocol === protocol);
    const bad = own.filter((rule) => found.get(`${protocol}/${rule.id}`).broken > 0).length;
    return h("details", { class: "rules" , open: record.protocols.length === 1 },
      h("summary", {}, h("b", {}, protocol), ` ${count(own.length, "rule")}${bad > 0 ? `, ${bad} broken` : ""}`),
      h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `Rules of ${protocol}` },
        h("table", { class: "rules-table" },
          h("caption", { class: "hidden" }, `Rules of ${protocol} that the scenarios are about`),
          h("thead", {}, h("tr", {}, head.map((word) => h("th", { scope: "col" }, word)))), h("tbody", {}, own.map(row)))));
  });
  return h("section", { "aria-labelledby": "rules" }, h("h3", { id: "rules" }, "Rules"), tables);
}
