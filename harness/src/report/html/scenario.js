// One scenario: what is wrong, the exchange, its source, what the program printed.

function scenarioPage(index, eventNumber) {
  const scenario = scenarios[index];
  const panel = h("aside", { class: "panel", "aria-label": "Event", hidden: true });
  const source = sourceView(scenario);
  const view = diagram(scenario, (event) => selectEvent(event, view, panel, source, scenario));
  const showEvent = (number) => {
    const row = view.reveal(number);
    row?.scrollIntoView({ block: "center" });
    row?.focus();
    row?.click();
  };
  const page = h("article", { class: "page scenario", "aria-labelledby": "scenario-title" },
    scenarioHead(scenario, index), aboutRules(scenario),
    scenario.reason && h("p", { class: "reason" }, scenario.reason),
    scenario.findings.map((finding, at) => findingCard(scenario, finding, at, showEvent)),
    scenario.events.length > 0 || scenario.findings.length > 0
      ? h("section", { "aria-labelledby": "exchange" }, h("h3", { id: "exchange" }, "The exchange"), view.element)
      : undefined,
    panel,
    h("div", { class: "beside" },
      h("section", { "aria-labelledby": "source" }, h("h3", { id: "source" }, "The scenario"), source.element),
      outputView(scenario)),
    h("section", { "aria-labelledby": "again" }, h("h3", { id: "again" }, "Run it again"),
      h("div", { class: "command" }, h("pre", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Command" }, h("code", {}, scenario.rerun)), copyButton(scenario.rerun, "the command"))));
  return { page, drawn: () => { view.draw(); if (eventNumber !== undefined) showEvent(eventNumber); } };
}

function scenarioHead(scenario, index) {
  const step = (by, word) => {
    const to = neighbour(by);
    return h("a", { class: `button quiet${to === undefined ? " off" : ""}`, href: to === undefined ? undefined : `#${scenarios[to].id}`, "aria-disabled": to === undefined ? "true" : undefined, role: to === undefined ? "link" : undefined }, word);
  };
  const facts = [`${duration(scenario.took_ms)}`];
  if (scenario.retries > 0) facts.push(`tried again ${count(scenario.retries, "time")}, the machine was busy`);
  if (scenario.not_run > 0) facts.push(`${count(scenario.not_run, "step")} after the fault not run`);
  return h("div", { class: "heading" },
    h("div", { class: "crumbs" }, h("p", { class: "over" }, `${protocolName(scenario)} / ${scenario.area}`),
      h("span", { class: "walk" }, step(-1, "← Previous"), step(1, "Next →"))),
    h("h2", { id: "scenario-title" }, scenario.title),
    h("p", { class: "line" }, badge(scenario.verdict), h("span", { class: "muted" }, facts.join(" · ")),
      h("span", { class: "muted path" }, `${scenario.file}:${scenario.line}`), hidden(`scenario ${index + 1}`)));
}

/** The rules that it is about; those that it broke are told with what was found. */
function aboutRules(scenario) {
  const others = scenario.rules.filter((id) => !broken(scenario).includes(id));
  if (others.length === 0) return undefined;
  return h("details", { class: "about", open: others.length < 3 }, h("summary", {}, `About ${others.join(", ")}`),
    h("dl", {}, others.map((id) => {
      const rule = ruleOf(scenario, id);
      return [h("dt", {}, h("span", { class: "rule" }, id), rule && levelWord(rule.level)), h("dd", {}, rule?.text ?? "", rule && h("p", { class: "muted source" }, rule.source))];
    })));
}

function findingCard(scenario, finding, at, showEvent) {
  const rule = ruleOf(scenario, finding.rule);
  const parts = [
    h("h3", {}, hidden(at === 0 ? "What is wrong: " : "Also: "), finding.actor && h("span", { class: "actor" }, finding.actor), finding.problem),
    h("div", { class: "rule-line" }, h("span", { class: "rule" }, finding.rule), levelWord(rule?.level ?? ""),
      rule && h("div", {}, h("p", {}, rule.text), h("p", { class: "muted source" }, rule.source))),
    besides(finding),
    finding.fields?.length > 0 && comparisonTable(finding.fields),
    finding.bytes && h("details", { open: at === 0 && (finding.bytes.segments ?? []).some((segment) => segment.problem) }, h("summary", {}, `The message in bytes (${count(finding.bytes.total, "byte")})`), bytesTable(finding.bytes)),
    placeLine(finding.step, "The step"),
    finding.used_at && placeLine(finding.used_at, "used here"),
    finding.hints?.length > 0 && h("ul", { class: "hints" }, finding.hints.map((hint) => h("li", {}, h("b", {}, "Hint "), hint))),
    finding.event !== undefined && h("p", {}, h("button", { type: "button", class: "button", on: { click: () => showEvent(finding.event) } }, `Show event ${finding.event} in the exchange`)),
  ];
  return h("section", { class: `card finding ${rule?.level ?? "must"}` }, parts);
}

function besides(finding) {
  if (finding.expected === undefined && finding.received === undefined) return undefined;
  const side = (word, text, kind) => h("div", { class: `side-by ${kind}` }, h("h4", {}, word), h("p", {}, h("code", {}, text ?? "nothing")));
  return h("div", { class: "besides" }, side("Expected", finding.expected ?? "something else", "expected"), side("Received", finding.received, "received"));
}

/** A line of a file with the part that is meant marked. */
function placeLine(where, word) {
  const text = [...where.text];
  const from = Math.min(where.column - 1, text.length);
  const part = (a, b) => text.slice(a, b).join("");
  const meant = part(from, from + where.length).replace(/\s+#.*$/, "");
  const to = Math.min(from + Math.max([...meant].length, 1), text.length);
  return h("div", { class: "where" }, h("p", { class: "muted" }, `${word}: `, h("span", { class: "path" }, `${where.file}:${where.line}:${where.column}`)),
    h("pre", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Line of the file" }, h("code", {}, part(0, from), h("mark", {}, part(from, to)), part(to))));
}

/** The scenario's document with the lines of its findings marked. */
function sourceView(scenario) {
  const wrong = new Map();
  for (const finding of scenario.findings) {
    for (const where of [finding.step, finding.used_at]) {
      if (where && where.file === scenario.file && !wrong.has(where.line)) wrong.set(where.line, finding);
    }
  }
  const lines = new Map();
  const body = scenario.source.text.split("\n").map((text, index) => {
    const number = scenario.source.line + index;
    const finding = wrong.get(number);
    const line = h("span", { class: `src${finding ? " wrong" : ""}` }, h("span", { class: "no", "aria-hidden": "true" }, number), h("code", {}, yaml(text)),
      finding && h("span", { class: "note" }, `✕ ${finding.rule}`));
    lines.set(number, line);
    return line;
  });
  return { element: h("pre", { class: "code scroll", tabindex: "0", role: "group", "aria-label": "Source of the scenario" }, body), lines };
}

/** A line of YAML with its comments and keys set apart. */
function yaml(text) {
  const comment = text.match(/(^|\s)#.*$/);
  const code = comment ? text.slice(0, comment.index) : text;
  const parts = code.split(/((?:^|[\s{,[])[-$\w.]+:(?=\s|$))/).map((part, index) => index % 2 === 1 ? h("span", { class: "key" }, part) : part);
  return [parts, comment && h("span", { class: "comment" }, text.slice(comment.index))];
}

function outputView(scenario) {
  const lines = scenario.output ?? [];
  if (lines.length === 0) return undefined;
  const shown = lines.slice(-500);
  const hiddenLines = (scenario.output_dropped ?? 0) + lines.length - shown.length;
  return h("section", { "aria-labelledby": "output" }, h("h3", { id: "output" }, "What the program printed"),
    h("pre", { class: "code output scroll", tabindex: "0", role: "group", "aria-label": "Output of the program" },
      hiddenLines > 0 ? h("span", { class: "src muted" }, `… ${count(hiddenLines, "earlier line")}`) : undefined,
      shown.map((line) => h("span", { class: `src${line.stderr ? " stderr" : ""}` }, h("span", { class: "no" }, seconds(line.at_us)), h("code", {}, line.text || " ")))));
}

function selectEvent(event, view, panel, source, scenario) {
  for (const row of view.rows()) row.setAttribute("aria-current", String(row.dataset.event === String(event.number)));
  for (const [number, line] of source.lines) line.classList.toggle("current", number === event.line);
  const close = () => {
    panel.hidden = true;
    panel.replaceChildren();
    for (const row of view.rows()) row.removeAttribute("aria-current");
    view.rows().find((row) => row.dataset.event === String(event.number))?.focus();
  };
  const about = [seconds(event.at_us), event.actor, event.kind.replace("-", " "), event.direction, REMARKS[event.cause] ?? REMARKS[event.use],
    event.line && `step in line ${event.line}`].filter(Boolean).join(" · ");
  panel.replaceChildren(
    h("div", { class: "panel-head" }, h("h3", {}, `Event ${event.number}`, event.message ? `: ${event.message.name}` : ""), h("span", { class: "muted" }, about), h("span", { class: "spacer" }),
      copyButton(`${location.href.split("#")[0]}#${scenario.id}:${event.number}`, "the link to this event"),
      h("button", { type: "button", class: "button quiet", id: "panel-close", on: { click: close } }, "Close")),
    h("div", { class: "panel-body" },
      event.text && h("p", {}, event.text),
      event.message?.fields?.length > 0 ? fieldsTable(event.message.fields) : "",
      event.bytes && event.bytes.total > 0 ? bytesTable(event.bytes) : ""));
  panel.hidden = false;
}
