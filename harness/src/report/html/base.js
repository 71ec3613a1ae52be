// What the other parts are made of: elements, text that is safe to look at, words.

const record = JSON.parse(document.getElementById("record").textContent);

const byId = (id) => document.getElementById(id);

/** Characters that act instead of being seen: controls, writing direction, invisible ones. */
const ACTING = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e01ef}]/gu;

/** More marks on one character than any language needs; they would cover other lines. */
const PILED = /(\p{M}{4})\p{M}+/gu;

/** The text with everything escaped that is not simply seen. */
function visible(text) {
  const escaped = (c) => `\\u{${c.codePointAt(0).toString(16)}}`;
  return String(text)
    .replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t")
    .replace(ACTING, escaped).replace(PILED, "$1…");
}

/** An element. Strings become text and never markup. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  return fill(element, attributes, children);
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return fill(element, attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : visible(child));
  }
}

const hidden = (text) => h("span", { class: "hidden" }, text);

function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

function seconds(microseconds) {
  return `${(microseconds / 1e6).toFixed(3)} s`;
}

function duration(milliseconds) {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

/** The verdicts in the order in which they matter, with a sign that needs no colour. */
const VERDICTS = [
  { key: "fail", word: "Failed", sign: "✕" },
  { key: "unexpected-pass", word: "Passed unexpectedly", sign: "⚑" },
  { key: "inconclusive", word: "Undecided", sign: "?" },
  { key: "warn", word: "Warned", sign: "!" },
  { key: "expected-failure", word: "Failed as expected", sign: "≈" },
  { key: "skip", word: "Skipped", sign: "–" },
  { key: "pass", word: "Passed", sign: "✓" },
];
const VERDICT = new Map(VERDICTS.map((verdict) => [verdict.key, verdict]));

function sign(key) {
  return h("span", { class: `sign ${key}`, "aria-hidden": "true" }, VERDICT.get(key).sign);
}

function badge(key) {
  return h("span", { class: `badge ${key}` }, sign(key), VERDICT.get(key).word);
}

/** The program under test without the marks that a command has in running text. */
const target = record.target.replace(/^`(.*)`$/s, "$1");

const protocolName = (thing) => thing.dialect ? `${thing.protocol} (${thing.dialect})` : thing.protocol;

const rules = new Map(record.rules.map((rule) => [`${rule.protocol}/${rule.id}`, rule]));
const ruleOf = (scenario, id) => rules.get(`${scenario.protocol}/${id}`);

const scenarios = record.scenarios;
const places = new Map(scenarios.map((scenario, index) => [scenario.id, index]));

/** Rules that a scenario broke, each once. */
const broken = (scenario) => [...new Set(scenario.findings.map((finding) => finding.rule))];

/** Rules that a scenario is about or broke. */
const concerned = (scenario) => [...new Set([...scenario.rules, ...broken(scenario)])];

function copyButton(text, what) {
  const button = h("button", { type: "button", class: "button quiet", on: { click: copy } }, "Copy", hidden(` ${what}`));
  function copy() {
    const said = (word) => {
      button.firstChild.textContent = word;
      setTimeout(() => { button.firstChild.textContent = "Copy"; }, 1500);
    };
    const written = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
    written.then(() => said("Copied"), () => said("Select it and copy"));
  }
  return button;
}
