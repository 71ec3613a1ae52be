// The exchange as a sequence diagram: a line down the page for each actor and for the program under
// test. The lines and arrows are one drawing; what is said stands over it as a list of buttons.

const ROW = 38;
const GAP_ROW = 24;
const MANY_PROBES = 3;
const LONG_GAP_US = 400000;
const ROWS_AT_FIRST = 300;

const isProbe = (event) => event.cause === "fence" || event.use === "fence";

const REMARKS = { fence: "probe", reflex: "automatic", ignored: "ignored", ambient: "about strangers", unread: "not looked at" };

/** What stands in the diagram, in order. */
function diagramItems(scenario, withProbes) {
  const marked = new Map();
  for (const finding of scenario.findings) {
    if (finding.event !== undefined && !marked.has(finding.event)) marked.set(finding.event, finding);
  }
  const all = [...scenario.events.map((event) => ({ type: "event", event, number: event.number, at: event.at_us })),
    ...(scenario.output ?? []).map((line) => ({ type: "output", line, number: line.number, at: line.at_us }))]
    .sort((a, b) => a.number - b.number);
  const items = [];
  let probes = [];
  const flush = () => {
    if (probes.length >= MANY_PROBES) items.push({ type: "probes", number: probes[0].number, at: probes[0].at, count: probes.length });
    else items.push(...probes);
    probes = [];
  };
  let last;
  for (const item of all) {
    if (!withProbes && item.type === "event" && isProbe(item.event) && !marked.has(item.number)) {
      probes.push(item);
      last = item;
      continue;
    }
    flush();
    if (last && item.number > last.number + 1 && scenario.events_dropped > 0) items.push({ type: "dropped", count: item.number - last.number - 1 });
    if (last && item.at - last.at >= LONG_GAP_US) items.push({ type: "pause", us: item.at - last.at });
    item.finding = marked.get(item.number);
    items.push(item);
    if (item.finding) items.push({ type: "expected", finding: item.finding });
    last = item;
  }
  flush();
  for (const finding of scenario.findings) if (finding.event === undefined) items.push({ type: "expected", finding });
  if (scenario.events_dropped > 0 && !items.some((item) => item.type === "dropped")) items.push({ type: "dropped", count: scenario.events_dropped });
  return items;
}

function actorsOf(scenario) {
  const seen = scenario.events.map((event) => event.actor);
  const blamed = scenario.findings.map((finding) => finding.actor);
  return [...new Set([...seen, ...blamed].filter(Boolean))];
}

/** Where everything stands from left to right, for a width in pixels. */
function geometry(actors, width) {
  const narrow = width < 620;
  const gutter = narrow ? 60 : 118;
  const gap = actors.length > 8 ? 26 : narrow ? 32 : actors.length > 4 ? 64 : 96;
  const first = gutter + (narrow ? 18 : 44);
  const x = actors.map((_, index) => first + index * gap);
  const left = actors.length > 0 ? x[x.length - 1] : gutter - 16;
  const margin = narrow ? 30 : 56;
  const right = Math.max(width - margin, left + (narrow ? 170 : 340));
  return { narrow, gutter, gap, x, left, program: right, width: right + margin, at: new Map(actors.map((name, index) => [name, x[index]])) };
}

/** The diagram; `select` is called with the event that somebody wants to see. */
function diagram(scenario, select) {
  const actors = actorsOf(scenario);
  const state = { probes: false, all: false };
  const box = h("div", { class: "diagram-scroll", tabindex: "0", role: "group", "aria-label": "The exchange, drawn" });
  let width = 0;
  const draw = () => {
    width = box.clientWidth || 900;
    const items = diagramItems(scenario, state.probes);
    const shown = state.all ? items : items.slice(0, Math.max(ROWS_AT_FIRST, 1 + lastMarked(items)));
    const more = items.length - shown.length;
    box.replaceChildren(drawn(scenario, actors, shown, geometry(actors, width), select),
      more > 0 ? h("button", { type: "button", class: "button", on: { click: () => { state.all = true; draw(); } } }, `Show ${count(more, "more row")}`) : "");
  };
  new ResizeObserver(() => { if (box.clientWidth > 0 && Math.abs(box.clientWidth - width) > 1) draw(); }).observe(box);
  const hasProbes = scenario.events.filter(isProbe).length >= MANY_PROBES;
  const probes = h("input", { type: "checkbox", on: { change: (event) => { state.probes = event.target.checked; draw(); } } });
  const box_ = h("div", { class: "diagram-box" }, hasProbes && h("label", { class: "check" }, probes, " Show every probe"), box);
  return { element: box_, draw, rows: () => [...box.querySelectorAll("button[data-event]")],
    reveal: (number) => {
      if (!box.querySelector(`[data-event="${number}"]`)) { state.all = true; state.probes = true; probes.checked = true; draw(); }
      return box.querySelector(`[data-event="${number}"]`);
    } };
}

function lastMarked(items) {
  return items.findLastIndex((item) => item.type === "expected");
}

function drawn(scenario, actors, items, geo, select) {
  const program = scenario.subject === "client" ? "client" : "server";
  const names = new Map((scenario.names ?? []).map((name) => [name.stands_for, name.value]));
  const upright = geo.gap < 60 && actors.length > 1;
  const head = h("div", { class: `lanes${upright ? " upright" : ""}`, "aria-hidden": "true" },
    actors.map((name) => lane(name, names.get(name), geo.at.get(name), "")),
    lane(program, "under test", geo.program, "program"));
  const list = h("ol", { class: "steps", "aria-label": `The exchange between ${actors.join(", ") || "the harness"} and the ${program} under test` });
  const graphics = [];
  let y = 0;
  for (const item of items) {
    const height = ["pause", "dropped", "probes"].includes(item.type) ? GAP_ROW : ROW;
    list.append(rowOf(item, program, select));
    graphics.push(...marks(item, y, height, geo));
    y += height;
  }
  const lines = [...geo.x, geo.program].map((x) => svg("line", { class: x === geo.program ? "life program" : "life", x1: x, x2: x, y1: 0, y2: y }));
  const drawing = svg("svg", { class: "drawing", width: geo.width, height: y, viewBox: `0 0 ${geo.width} ${y}`, "aria-hidden": "true", focusable: "false" }, lines, graphics);
  const body = h("div", { class: "diagram-body" }, drawing, list);
  const whole = h("div", { class: `diagram${geo.narrow ? " narrow" : ""}` }, head, body);
  whole.style.setProperty("--gutter", `${geo.gutter}px`);
  whole.style.setProperty("--text-left", `${geo.left + 14}px`);
  whole.style.setProperty("--text-width", `${geo.program - geo.left - 28}px`);
  whole.style.setProperty("--width", `${geo.width}px`);
  return whole;
}

function lane(name, under, x, kind) {
  const element = h("div", { class: `lane ${kind}`, title: under ? `${visible(name)}: ${visible(under)}` : undefined }, h("b", {}, name), under && under !== name ? h("span", {}, under) : undefined);
  element.style.setProperty("left", `${x}px`);
  return element;
}

const TO_PROGRAM = new Set(["sent", "closed", "write-failed", "typed", "signalled", "connected", "connect-failed"]);
const FROM_PROGRAM = new Set(["received", "malformed", "unfinished", "ended"]);

function arrowHead(x, y, towards, kind) {
  const back = towards > 0 ? -8 : 8;
  return svg("path", { class: `head ${kind}`, d: `M${x} ${y} l${back} -4.5 v9 z` });
}

/** What is drawn for one row. */
function marks(item, top, height, geo) {
  const y = top + height - 8;
  const end = geo.program;
  if (item.type === "output") return [svg("circle", { class: "dot output", cx: end, cy: y, r: 3 })];
  if (item.type === "expected") {
    const x = item.finding.actor && geo.at.has(item.finding.actor) ? geo.at.get(item.finding.actor) : geo.left + 14;
    return [svg("rect", { class: "band missing", x: 0, y: top, width: geo.width, height }),
      svg("line", { class: "wire missing", x1: end, x2: x + 6, y1: y, y2: y }), arrowHead(x + 1, y, -1, "missing")];
  }
  if (item.type !== "event") return [];
  const { event } = item;
  const kind = `${event.kind} ${item.finding ? "bad" : ""} ${isProbe(event) || event.use === "ignored" || event.use === "ambient" || event.cause === "reflex" ? "faint" : ""}`;
  const x = event.actor ? geo.at.get(event.actor) : end - 46;
  const band = item.finding ? [svg("rect", { class: "band", x: 0, y: top, width: geo.width, height })] : [];
  if (event.kind === "note") return band;
  if (["started", "exited"].includes(event.kind)) return [...band, svg("path", { class: `dot ${kind}`, d: `M${end} ${y - 6} l6 6 l-6 6 l-6 -6 z` })];
  const wire = svg("line", { class: `wire ${kind}`, x1: x, x2: end, y1: y, y2: y });
  if (event.kind === "connected") return [...band, wire, svg("circle", { class: `dot ${kind}`, cx: x, cy: y, r: 3.5 }), svg("circle", { class: `dot ${kind}`, cx: end, cy: y, r: 3.5 })];
  if (event.kind === "ended" || event.kind === "closed") {
    const at = event.kind === "ended" ? x : end;
    const cross = svg("path", { class: `cross ${kind}`, d: `M${at - 5} ${y - 5} l10 10 m0 -10 l-10 10` });
    return [...band, wire, cross];
  }
  if (TO_PROGRAM.has(event.kind)) return [...band, wire, arrowHead(end - 1, y, 1, kind)];
  if (FROM_PROGRAM.has(event.kind)) return [...band, wire, arrowHead(x + 1, y, -1, kind)];
  return band;
}

/** What is said of one row. */
function rowOf(item, program, select) {
  if (item.type === "pause") return h("li", { class: "step gap" }, h("span", { class: "what" }, `${seconds(item.us)} pass`));
  if (item.type === "dropped") return h("li", { class: "step gap" }, h("span", { class: "what" }, `… ${count(item.count, "event")} not recorded`));
  if (item.type === "probes") return h("li", { class: "step gap" }, h("span", { class: "what" }, `${count(item.count, "event")} of probes`));
  if (item.type === "expected") return expectedRow(item.finding);
  if (item.type === "output") {
    return h("li", { class: "step" }, place(item), h("span", { class: "what output" }, h("span", { class: "muted" }, item.line.stderr ? "stderr " : "stdout "), item.line.text));
  }
  const { event, finding } = item;
  const words = eventWords(event);
  const remark = finding ? undefined : REMARKS[event.cause === "step" ? undefined : event.cause] ?? REMARKS[event.use];
  const who = event.actor ?? (event.kind === "note" ? "remark" : `${program} under test`);
  const arrow = TO_PROGRAM.has(event.kind) ? "to the program" : FROM_PROGRAM.has(event.kind) ? "from the program" : "";
  const button = h("button", { type: "button", "data-event": event.number, class: finding ? "bad" : undefined, on: { click: () => select(event) } },
    place(item), hidden(`${who} ${arrow}: `),
    h("span", { class: `what ${event.kind}` }, finding && h("strong", { class: "fault" }, `✕ ${finding.rule} `), words, remark && h("span", { class: "remark" }, ` (${remark})`)));
  return h("li", { class: "step" }, button);
}

function place(item) {
  return h("span", { class: "place" }, h("span", { class: "number" }, hidden("event "), item.number), h("span", { class: "time" }, seconds(item.at)));
}

function expectedRow(finding) {
  const expected = finding.expected ?? "something else";
  const text = finding.event === undefined
    ? [h("strong", { class: "fault" }, `✕ ${finding.rule} `), finding.problem, finding.expected ? h("span", { class: "wanted" }, ` expected: ${finding.expected}`) : undefined]
    : [h("span", { class: "wanted" }, "expected instead: "), expected];
  return h("li", { class: "step" }, h("span", { class: "what missing", title: visible(`expected: ${expected}`) }, text));
}

/** An event in one line. */
function eventWords(event) {
  if (event.message) {
    return [h("b", {}, event.message.name), (event.message.fields ?? []).map((field) => [h("span", { class: "name" }, ` ${field.name} `), field.value])];
  }
  if (event.kind === "malformed") return [h("b", {}, "no message: "), event.text];
  if (event.kind === "unfinished") return [h("b", {}, "unfinished: "), `${event.text} missing`];
  if (event.kind === "typed") return ["types: ", event.text.trimEnd()];
  if (event.bytes) return [h("b", {}, count(event.bytes.total, "byte")), ` ${pairs(event.bytes.hex).slice(0, 16).join(" ")}`];
  return event.text;
}
