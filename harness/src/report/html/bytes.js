// Bytes with what each of them means, and texts beside each other.

const BYTES_A_LINE = 8;
const LINES_A_RANGE = 12;

const pairs = (hex) => hex.match(/../g) ?? [];

function printable(pair) {
  const code = parseInt(pair, 16);
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "·";
}

/** A table of ranges, or of lines where nobody knows what they mean. */
function bytesTable(bytes) {
  const all = pairs(bytes.hex);
  const segments = bytes.segments?.length > 0 ? bytes.segments : [{ start: 0, end: all.length, field: "", meaning: "" }];
  const named = bytes.segments?.length > 0;
  const body = segments.flatMap((segment) => segmentRows(segment, all, named));
  const missing = bytes.total - all.length;
  const head = named ? ["Offset", "Bytes", "Text", "Field", "Value"] : ["Offset", "Bytes", "Text"];
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `${count(bytes.total, "byte")}, explained` },
    h("table", { class: "bytes" },
      h("caption", {}, count(bytes.total, "byte"), missing > 0 ? `, the last ${missing.toLocaleString("en")} of them are not recorded` : ""),
      h("thead", {}, h("tr", {}, head.map((word) => h("th", { scope: "col" }, word)))),
      h("tbody", {}, body)));
}

function segmentRows(segment, all, named) {
  const own = all.slice(segment.start, segment.end);
  const lines = Math.max(1, Math.ceil(own.length / BYTES_A_LINE));
  const result = [];
  for (let line = 0; line < Math.min(lines, LINES_A_RANGE); line += 1) {
    const from = line * BYTES_A_LINE;
    const part = own.slice(from, from + BYTES_A_LINE);
    const meaning = named && (line === 0
      ? [h("td", { class: "field" }, segment.field), h("td", {}, segment.meaning, segment.problem && h("strong", { class: "bad" }, segment.problem))]
      : [h("td", {}), h("td", {})]);
    result.push(h("tr", { class: segment.problem ? "wrong" : undefined },
      h("td", { class: "offset" }, (segment.start + from).toString(16).padStart(4, "0")),
      h("td", { class: "hex" }, part.join(" ")), h("td", { class: "ascii" }, part.map(printable).join("")), meaning));
  }
  if (lines > LINES_A_RANGE) {
    const more = own.length - LINES_A_RANGE * BYTES_A_LINE;
    result.push(h("tr", {}, h("td", {}), h("td", { colspan: named ? 4 : 2, class: "muted" }, `… ${count(more, "more byte")}`)));
  }
  return result;
}

function fieldsTable(fields) {
  return h("table", { class: "fields" }, h("caption", { class: "hidden" }, "Fields of the message"),
    h("tbody", {}, fields.map((field) => h("tr", {}, h("th", { scope: "row" }, field.name), h("td", {}, h("code", {}, field.value))))));
}

/** Expected beside received, field by field. */
function comparisonTable(rowsOfFields) {
  const cell = (text, none) => text === undefined ? h("td", { class: "muted" }, none) : h("td", {}, h("code", {}, text));
  const row = (field) => h("tr", { class: field.fits ? undefined : "wrong" },
    h("th", { scope: "row" }, field.fits ? undefined : h("span", { class: "sign fail", "aria-hidden": "true" }, "✕"), field.field, field.fits ? undefined : hidden(" (differs)")),
    field.texts ? differing(field.texts).map((text) => h("td", {}, h("code", {}, text))) : [cell(field.expected, "anything"), cell(field.received, "missing")]);
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Fields compared" },
    h("table", { class: "compared" }, h("caption", { class: "hidden" }, "Expected and received, field by field"),
      h("thead", {}, h("tr", {}, ["Field", "Expected", "Received"].map((word) => h("th", { scope: "col" }, word)))),
      h("tbody", {}, rowsOfFields.map(row))));
}

/** Both texts with what differs between their equal beginnings and ends marked. */
function differing({ expected, received }) {
  const [a, b] = [[...expected], [...received]];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const parts = (text) => {
    const before = text.slice(0, start);
    const shown = before.length > 60 ? ["…", ...before.slice(-50)] : before;
    const after = text.slice(text.length - end);
    const rest = after.length > 60 ? [...after.slice(0, 50), "…"] : after;
    const middle = text.slice(start, text.length - end).join("");
    return ["\"", shown.join(""), middle === "" ? undefined : h("mark", {}, middle), rest.join(""), "\""];
  };
  return [parts(a), parts(b)];
}
