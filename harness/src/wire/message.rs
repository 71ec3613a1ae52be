//! Messages as they are written: kinds, directions, tags and bodies.

use crate::source::{Diagnostic, Diagnostics, Entry, Fields, Node, Span};

/// A kind of message as written.
#[derive(Debug)]
pub(super) struct Written<'n> {
    pub(super) name: &'n str,
    pub(super) key_span: &'n Span,
    pub(super) to_server: Option<Form<'n>>,
    pub(super) to_client: Option<Form<'n>>,
    /// For datagrams: the sockets that such messages come to, and that they go out from.
    pub(super) sockets: [Option<&'n str>; 2],
}

/// What a kind looks like in one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'n> {
    pub(super) span: &'n Span,
    pub(super) tag: Option<&'n Node>,
    pub(super) body: Body<'n>,
    pub(super) default: Option<&'n Node>,
    pub(super) types: Option<&'n Node>,
    pub(super) optional: &'n [Node],
    pub(super) exact: bool,
}

/// The forms that a body can have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body<'n> {
    /// Nothing at all.
    Empty,
    /// `body`: an ordered map of fields.
    Fields(&'n Node),
    /// `text`: a template, or a list of them.
    Text(&'n Node),
    /// `json`: a JSON value with holes.
    Json(&'n Node),
    /// `proto`: a message type, and what its `fields` are.
    Proto(&'n Node, Option<&'n Node>),
}

/// How many kinds a protocol can have.
const MAX_KINDS: usize = 500;

/// The keys under which a body is described.
pub(super) const FORM_KEYS: [&str; 4] = ["body", "text", "json", "proto"];

/// Keys of a vector beside the kind; no kind can have such a name.
pub(crate) const VECTOR_KEYS: [&str; 4] = ["dir", "hex", "about", "decode_only"];

/// Reads `messages` of a protocol.
pub(super) fn read<'n>(root: &'n Node, diagnostics: &mut Diagnostics) -> Vec<Written<'n>> {
    let Some(node) = root.get("messages").filter(|node| !node.is_null()) else {
        let diagnostic =
            Diagnostic::error("a protocol needs `messages`").at(&root.span, "none in this file");
        diagnostics.add(diagnostic.help(
            "such as `messages: { hello: { dir: s2c, body: { text: { string: utf8, len: u16 } } } }`",
        ));
        return Vec::new();
    };
    let Some(entries) = node.entries() else {
        let message = format!("`messages` is a map of kinds, this is {}", node.describe());
        diagnostics.error(&node.span, message, "expected a map");
        return Vec::new();
    };
    if entries.len() > MAX_KINDS {
        let message = format!("more than {MAX_KINDS} kinds of messages");
        diagnostics.error(&node.span, message, "too many");
        return Vec::new();
    }
    let kinds = entries.iter().filter_map(|entry| kind(entry, diagnostics));
    kinds.collect()
}

fn kind<'n>(entry: &'n Entry, diagnostics: &mut Diagnostics) -> Option<Written<'n>> {
    if VECTOR_KEYS.contains(&entry.key.as_str()) {
        let message = format!("no kind can be called `{}`", entry.key);
        let diagnostic = Diagnostic::error(message).at(&entry.key_span, "a word of `vectors`");
        diagnostics.add(diagnostic.help("choose another name"));
        return None;
    }
    let fields = Fields::of(&entry.value, "a message", diagnostics)?;
    let common = form(&fields, &entry.value.span, diagnostics);
    let to_server = one_way(&fields, "c2s", common, diagnostics);
    let to_client = one_way(&fields, "s2c", common, diagnostics);
    let written = fields.get("dir");
    let (there, back) = directions(written, to_server, to_client, entry, diagnostics)?;
    // For the reader of the file.
    fields.text("about", diagnostics);
    let sockets = [
        fields.text("in", diagnostics),
        fields.text("out", diagnostics),
    ];
    fields.finish(diagnostics);
    Some(Written {
        name: &entry.key,
        key_span: &entry.key_span,
        to_server: there.then(|| to_server.unwrap_or(common)),
        to_client: back.then(|| to_client.unwrap_or(common)),
        sockets,
    })
}

/// Which ways a kind goes: as `dir` says, or as it has forms of its own for them.
fn directions(
    written: Option<&Node>,
    to_server: Option<Form<'_>>,
    to_client: Option<Form<'_>>,
    entry: &Entry,
    diagnostics: &mut Diagnostics,
) -> Option<(bool, bool)> {
    let own = (to_server.is_some(), to_client.is_some());
    let Some(node) = written else {
        if own != (false, false) {
            return Some(own);
        }
        let message = format!("`{}` does not say which way it goes", entry.key);
        let diagnostic = Diagnostic::error(message).at(&entry.key_span, "`dir` is missing here");
        diagnostics
            .add(diagnostic.help("`dir: c2s` (client to server), `dir: s2c` or `dir: both`"));
        return None;
    };
    let ways = match node.text() {
        Some("c2s") => (true, false),
        Some("s2c") => (false, true),
        Some("both") => (true, true),
        _ => {
            let message = format!("`dir` is c2s, s2c or both, this is {}", node.describe());
            diagnostics.error(&node.span, message, "expected c2s, s2c or both");
            return None;
        }
    };
    for (has, goes, form) in [(own.0, ways.0, to_server), (own.1, ways.1, to_client)] {
        if has
            && !goes
            && let Some(form) = form
        {
            let message = format!("`{}` has a form for a way that it does not go", entry.key);
            diagnostics.add(
                Diagnostic::error(message)
                    .at(form.span, "never used")
                    .related(&node.span, "goes this way only")
                    .help("write `dir: both`, or leave the form out"),
            );
        }
    }
    Some(ways)
}

fn one_way<'n>(
    fields: &Fields<'n>,
    key: &'static str,
    common: Form<'n>,
    diagnostics: &mut Diagnostics,
) -> Option<Form<'n>> {
    let node = fields.get(key)?;
    let inner = Fields::of(node, "a form for one direction", diagnostics)?;
    let mut form = form(&inner, &node.span, diagnostics);
    inner.finish(diagnostics);
    form.tag = form.tag.or(common.tag);
    form.default = form.default.or(common.default);
    if matches!(form.body, Body::Empty) {
        form = Form {
            tag: form.tag,
            default: form.default,
            span: form.span,
            ..common
        };
    }
    Some(form)
}

fn form<'n>(fields: &Fields<'n>, span: &'n Span, diagnostics: &mut Diagnostics) -> Form<'n> {
    let inside = fields.get("fields");
    let forms = [
        fields.get_or_null("body").map(Body::Fields),
        fields.get("text").map(Body::Text),
        fields.get("json").map(Body::Json),
        fields.get("proto").map(|node| Body::Proto(node, inside)),
    ];
    let mut given = forms.into_iter().flatten();
    let body = given.next().unwrap_or(Body::Empty);
    if given.next().is_some() {
        let message = "`body`, `text`, `json` and `proto` exclude each other";
        diagnostics.error(span, message, "keep one of them");
    }
    if let (Some(inside), false) = (inside, matches!(body, Body::Proto(..))) {
        let diagnostic = Diagnostic::error("`fields` belongs to `proto`");
        let diagnostic = diagnostic.at(&inside.span, "of which type?");
        diagnostics.add(diagnostic.help("`proto: Type, fields: { name: \"{name}\" }`"));
    }
    Form {
        span,
        tag: fields.get("tag"),
        body,
        default: fields.get("default"),
        types: fields.get("types"),
        optional: fields.list("optional"),
        exact: fields.flag("exact", diagnostics),
    }
}
