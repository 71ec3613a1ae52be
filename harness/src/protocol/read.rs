use std::time::Duration;

use super::{Always, Fence, Macro, Names, Param, Protocol, Reflex, Stray, Transport};
use crate::scenario::{
    Batch, Expression, Pattern, Payload, Quantity, Send, Word, Writing, parse_duration,
    read_pattern, read_steps,
};
use crate::source::{Diagnostic, Diagnostics, Entry, Fields, Node};

/// Keys of the file that describe bytes and are read elsewhere.
const WIRE_KEYS: &[&str] = &[
    "endian",
    "types",
    "layout",
    "messages",
    "consts",
    "vectors",
    "lacks",
    "max_message",
    "proto",
    "split",
    "json_style",
];

const DEFAULT_DEADLINE: Duration = Duration::from_secs(2);
const DEFAULT_FALLBACK: Duration = Duration::from_millis(150);

/// Reads a protocol file, a dialect already merged into it.
pub fn read(root: &Node, diagnostics: &mut Diagnostics) -> Option<Protocol> {
    let fields = Fields::of(root, "a protocol file", diagnostics)?;
    for key in WIRE_KEYS {
        let _ = fields.get(key);
    }
    let name = fields.require_text("protocol", diagnostics);
    let protocol = Protocol {
        name: name.unwrap_or_default().to_owned(),
        title: fields
            .text("title", diagnostics)
            .or(name)
            .unwrap_or_default()
            .to_owned(),
        transport: transport(&fields, diagnostics),
        default_port: port(&fields, diagnostics),
        params: fields
            .map("params", diagnostics)
            .iter()
            .filter_map(|e| param(e, diagnostics))
            .collect(),
        names: names(fields.get("names"), diagnostics),
        ignore: ignored(fields.get("ignore"), diagnostics),
        reflexes: fields
            .map("reflexes", diagnostics)
            .iter()
            .filter_map(|e| reflex(e, diagnostics))
            .collect(),
        fence: fields
            .get("fence")
            .and_then(|node| fence(node, diagnostics)),
        probe: fields
            .get("probe")
            .map_or_else(Vec::new, |node| read_steps(node, diagnostics)),
        stray: fields
            .list("stray")
            .iter()
            .filter_map(|n| stray(n, diagnostics))
            .collect(),
        always: fields
            .list("always")
            .iter()
            .filter_map(|n| always(n, diagnostics))
            .collect(),
        crash: fields.require("crash", diagnostics).cloned(),
        broken: fields.require("broken", diagnostics).cloned(),
        macros: fields
            .map("macros", diagnostics)
            .iter()
            .filter_map(|e| read_macro(e, diagnostics))
            .collect(),
        pace: pace(fields.get("pace"), diagnostics),
        ambient: fields
            .map("ambient", diagnostics)
            .iter()
            .filter_map(|e| ambient(e, diagnostics))
            .collect(),
        deadline: duration(&fields, "deadline", diagnostics).unwrap_or(DEFAULT_DEADLINE),
        dialect: fields.text("dialect", diagnostics).map(str::to_owned),
        client: None,
    };
    let client = fields
        .get("client")
        .and_then(|node| client(&protocol, node, diagnostics));
    fields.finish(diagnostics);
    let client = client.map(Box::new);
    name.map(|_| Protocol { client, ..protocol })
}

/// What is otherwise where a client program is judged: the harness is then what its peers are.
fn client(base: &Protocol, node: &Node, diagnostics: &mut Diagnostics) -> Option<Protocol> {
    let fields = Fields::of(node, "`client`", diagnostics)?;
    let protocol = Protocol {
        ignore: ignored(fields.get("ignore"), diagnostics),
        reflexes: fields
            .map("reflexes", diagnostics)
            .iter()
            .filter_map(|e| reflex(e, diagnostics))
            .collect(),
        fence: None,
        probe: Vec::new(),
        stray: fields
            .list("stray")
            .iter()
            .filter_map(|n| stray(n, diagnostics))
            .collect(),
        always: fields
            .list("always")
            .iter()
            .filter_map(|n| always(n, diagnostics))
            .collect(),
        crash: fields.require("crash", diagnostics).cloned(),
        broken: fields.require("broken", diagnostics).cloned(),
        macros: fields
            .map("macros", diagnostics)
            .iter()
            .filter_map(|e| read_macro(e, diagnostics))
            .collect(),
        ambient: Vec::new(),
        deadline: duration(&fields, "deadline", diagnostics).unwrap_or(base.deadline),
        ..base.clone()
    };
    fields.finish(diagnostics);
    Some(protocol)
}

fn transport(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Transport {
    match fields.text("transport", diagnostics) {
        None | Some("tcp") => Transport::Tcp,
        Some("udp") => Transport::Udp,
        Some(_) => {
            if let Some(node) = fields.get("transport") {
                let message = format!("`transport` is `tcp` or `udp`, not {}", node.describe());
                diagnostics.error(&node.span, message, "unknown");
            }
            Transport::Tcp
        }
    }
}

fn port(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Option<u16> {
    let number = fields.integer("default_port", diagnostics)?;
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    if let (None, Some(node)) = (port, fields.get("default_port")) {
        diagnostics.error(&node.span, "a port is 1 to 65535", "out of range");
    }
    port
}

fn words(fields: &Fields<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Vec<Word> {
    fields
        .get(key)
        .map_or_else(Vec::new, |node| Word::read_list(node, diagnostics))
}

fn duration(
    fields: &Fields<'_>,
    key: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<Duration> {
    let node = fields.get(key)?;
    let value = node.text().and_then(parse_duration);
    if value.is_none() {
        let message = format!("`{key}` is a time such as `150ms`, not {}", node.describe());
        diagnostics.error(&node.span, message, "not a time");
    }
    value
}

fn param(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Param> {
    let fields = Fields::of(&entry.value, "a parameter", diagnostics)?;
    let default = fields.text("default", diagnostics).map(str::to_owned);
    let assumed = fields.flag("assumed", diagnostics);
    if assumed && default.is_none() {
        let message = "`assumed` is for a parameter with a `default`";
        diagnostics.error(&entry.key_span, message, "nothing to assume");
    }
    let about = fields
        .text("about", diagnostics)
        .unwrap_or_default()
        .to_owned();
    fields.finish(diagnostics);
    Some(Param {
        name: entry.key.clone(),
        default,
        assumed,
        span: entry.key_span.clone(),
        about,
    })
}

fn names(node: Option<&Node>, diagnostics: &mut Diagnostics) -> Names {
    let mut names = Names {
        alphabet: "bcdfghjklmnpqrstvwxz".chars().collect(),
        min: 3,
        max: 12,
    };
    let Some(fields) = node.and_then(|node| Fields::of(node, "`names`", diagnostics)) else {
        return names;
    };
    if let Some(alphabet) = fields.text("alphabet", diagnostics) {
        names.alphabet = alphabet.chars().collect();
    }
    let size = |number: Option<i128>| number.and_then(|n| usize::try_from(n).ok());
    names.min = size(fields.integer("min", diagnostics)).unwrap_or(names.min);
    names.max = size(fields.integer("max", diagnostics)).unwrap_or(names.max);
    if names.min == 0 || names.max < names.min || names.max > 1000 || names.alphabet.len() < 2 {
        let message = "names need two characters at least and 1 <= min <= max <= 1000";
        diagnostics.error(fields.span(), message, "cannot generate names from this");
        names = Names {
            alphabet: vec!['b', 'c'],
            min: 3,
            max: 12,
        };
    }
    fields.finish(diagnostics);
    names
}

fn values(
    node: Option<&Node>,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Expression, crate::source::Span)> {
    let Some(node) = node else { return Vec::new() };
    let Some(entries) = node.entries() else {
        let message = format!("`with` is a map, this is {}", node.describe());
        diagnostics.error(&node.span, message, "expected fields and values");
        return Vec::new();
    };
    let read = |entry: &Entry| {
        (
            entry.key.clone(),
            Expression::read(&entry.value, diagnostics),
            entry.key_span.clone(),
        )
    };
    entries.iter().map(read).collect()
}

fn reflex(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Reflex> {
    let fields = Fields::of(&entry.value, "a reflex", diagnostics)?;
    let send = fields
        .require("send", diagnostics)
        .and_then(|node| Word::read(node, diagnostics));
    let reflex = Reflex {
        name: entry.key.clone(),
        span: entry.key_span.clone(),
        when: words(&fields, "when", diagnostics),
        send: send?,
        with: values(fields.get("with"), diagnostics),
        delay: fields
            .get("delay")
            .and_then(|node| Quantity::read(node, diagnostics)),
        to: fields
            .get("to")
            .map(|node| Expression::read(node, diagnostics)),
    };
    fields.finish(diagnostics);
    Some(reflex)
}

/// A kind by its name is that kind whatever its fields say.
fn ignored(node: Option<&Node>, diagnostics: &mut Diagnostics) -> Vec<Pattern> {
    let Some(node) = node else { return Vec::new() };
    let items = node.items().unwrap_or(std::slice::from_ref(node));
    let read = |item: &Node| match item.entries() {
        Some(_) => pattern(item, diagnostics),
        None => Word::read(item, diagnostics).map(|word| Pattern {
            span: word.span.clone(),
            kinds: vec![word],
            with: Vec::new(),
            exact: false,
        }),
    };
    items.iter().filter_map(read).collect()
}

fn pattern(node: &Node, diagnostics: &mut Diagnostics) -> Option<Pattern> {
    let fields = Fields::of(node, "an expected message", diagnostics)?;
    let kind = fields.require("recv", diagnostics)?;
    let pattern = read_pattern(kind, &fields, diagnostics);
    fields.finish(diagnostics);
    Some(pattern)
}

fn fence(node: &Node, diagnostics: &mut Diagnostics) -> Option<Fence> {
    let fields = Fields::of(node, "`fence`", diagnostics)?;
    let who = fields.require_text("who", diagnostics);
    let rule = fields.require("rule", diagnostics);
    let send = fields
        .require("send", diagnostics)
        .and_then(|node| fence_send(node, diagnostics));
    let own = fields
        .list("self")
        .iter()
        .filter_map(|n| pattern(n, diagnostics))
        .collect();
    let others = fields
        .list("others")
        .iter()
        .filter_map(|n| pattern(n, diagnostics))
        .collect();
    let fallback = duration(&fields, "fallback", diagnostics).unwrap_or(DEFAULT_FALLBACK);
    let control = fields
        .get("control")
        .map_or_else(Vec::new, |n| read_steps(n, diagnostics));
    fields.finish(diagnostics);
    Some(Fence {
        span: node.span.clone(),
        who: who?.to_owned(),
        rule: rule?.clone(),
        send: send?,
        own,
        others,
        fallback,
        control,
    })
}

fn fence_send(node: &Node, diagnostics: &mut Diagnostics) -> Option<Send> {
    let fields = Fields::of(node, "the fence's probe", diagnostics)?;
    let kind = fields.require("send", diagnostics)?;
    let kind = Word::read(kind, diagnostics)?;
    let with = values(fields.get("with"), diagnostics);
    fields.finish(diagnostics);
    let payload = Payload::Message {
        kind,
        with,
        bend: Vec::new(),
    };
    let batch = Batch {
        repeat: None,
        payload,
        span: node.span.clone(),
    };
    Some(Send {
        payload: vec![batch],
        writing: Writing::default(),
        mark: None,
    })
}

fn stray(node: &Node, diagnostics: &mut Diagnostics) -> Option<Stray> {
    let fields = Fields::of(node, "a stray", diagnostics)?;
    let kind = fields.require("recv", diagnostics);
    let rule = fields.require("rule", diagnostics);
    let absorb = fields.flag("absorb", diagnostics);
    let unasked = fields.flag("unasked", diagnostics);
    let pattern = read_pattern(kind?, &fields, diagnostics);
    fields.finish(diagnostics);
    Some(Stray {
        pattern,
        rule: rule?.clone(),
        absorb,
        unasked,
    })
}

fn always(node: &Node, diagnostics: &mut Diagnostics) -> Option<Always> {
    let stray = stray(node, diagnostics)?;
    Some(Always {
        pattern: stray.pattern,
        rule: stray.rule,
    })
}

fn read_macro(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Macro> {
    let fields = Fields::of(&entry.value, "a macro", diagnostics)?;
    let mut args = Vec::new();
    for arg in fields.map("args", diagnostics) {
        match arg.value.text() {
            Some("actor") => args.push((arg.key.clone(), true)),
            Some("value") => args.push((arg.key.clone(), false)),
            _ => diagnostics.add(
                Diagnostic::error("an argument is an `actor` or a `value`")
                    .at(&arg.value.span, "neither"),
            ),
        }
    }
    fields.text("rule", diagnostics);
    let rule = fields.get("rule").cloned();
    let steps = fields.require("steps", diagnostics);
    fields.finish(diagnostics);
    Some(Macro {
        name: entry.key.clone(),
        span: entry.key_span.clone(),
        args,
        rule,
        steps: read_steps(steps?, diagnostics),
    })
}

fn pace(node: Option<&Node>, diagnostics: &mut Diagnostics) -> Duration {
    let Some(fields) = node.and_then(|node| Fields::of(node, "`pace`", diagnostics)) else {
        return Duration::ZERO;
    };
    let between = duration(&fields, "between_sends", diagnostics).unwrap_or_default();
    fields.finish(diagnostics);
    between
}

fn ambient(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<(Word, String)> {
    let field = Word::read(&entry.value, diagnostics)?;
    Some((
        Word {
            text: entry.key.clone(),
            span: entry.key_span.clone(),
        },
        field.text,
    ))
}
