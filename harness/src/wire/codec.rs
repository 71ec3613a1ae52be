use std::sync::Arc;

use super::compile::{Builder, Common};
use super::description::{Named, endian};
use super::json::Style;
use super::literal::Consts;
use super::proto_schema::Schema;
use super::split::Split;
use super::types::Types;
use super::vectors::{self, Vector};
use super::{Direction, Kind, Lack, Value, lacks, message};
use crate::source::{Diagnostic, Diagnostics, Fields, Node, closest};

/// How many bytes one message can have where the protocol file does not say: 16 MiB.
pub const DEFAULT_MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// Encodes and decodes the messages of one protocol in one dialect.
#[derive(Debug)]
pub struct Codec {
    pub(super) kinds: Vec<Kind>,
    pub(super) consts: Consts,
    pub(super) max_message: usize,
    /// Places in `kinds` that go to the server, in the order in which they are tried.
    pub(super) to_server: Vec<usize>,
    pub(super) to_client: Vec<usize>,
    pub(super) datagram: bool,
    pub(super) split: Option<Split>,
    pub(super) vectors: Vec<Vector>,
    pub(super) lacks: Vec<Lack>,
}

impl Codec {
    /// Reads what the root of a protocol file says about bytes: `endian`, `consts`, `types`,
    /// `layout`, `messages`, `vectors`, `lacks`, `max_message`, and whether `transport` is `udp`.
    /// Other keys belong to the caller. `None` when there are errors.
    pub fn compile(root: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut own = Diagnostics::default();
        let codec = Self::read(root, &mut own);
        let failed = own.has_errors();
        diagnostics.append(own);
        codec.filter(|_| !failed)
    }

    fn read(root: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let root_fields = Fields::of(root, "a protocol", diagnostics)?;
        let little = root_fields
            .get("endian")
            .and_then(|node| endian(node, diagnostics));
        let types = Types::read(root, diagnostics);
        let layout = layout(root, &types, diagnostics)?;
        let common = Common {
            consts: Consts::read(root, diagnostics),
            types,
            layout,
            little: little.unwrap_or(false),
            json_style: json_style(&root_fields, diagnostics),
            schema: Schema::read(root, diagnostics),
            split: Split::read(&root_fields, diagnostics),
            datagram: root_fields.get("transport").and_then(Node::text) == Some("udp"),
        };
        let written = message::read(root, diagnostics);
        check_only(root, &common.layout, &written, diagnostics);
        let mut kinds = Vec::new();
        for kind in &written {
            let mut shape = |direction, form: Option<message::Form<'_>>| {
                let form = form?;
                Builder::new(&common, kind.name, direction, form, diagnostics).build()
            };
            kinds.push(Kind {
                name: Arc::from(kind.name),
                span: kind.key_span.clone(),
                to_server: shape(Direction::ToServer, kind.to_server),
                to_client: shape(Direction::ToClient, kind.to_client),
                comes_to: kind.sockets[0].map(Arc::from),
                goes_from: kind.sockets[1].map(Arc::from),
            });
        }
        let going = |direction| {
            let goes = |(at, kind): (usize, &Kind)| kind.goes(direction).then_some(at);
            kinds.iter().enumerate().filter_map(goes).collect()
        };
        let mut codec = Self {
            to_server: going(Direction::ToServer),
            to_client: going(Direction::ToClient),
            max_message: max_message(&root_fields, diagnostics),
            datagram: common.datagram,
            split: common.split,
            consts: common.consts,
            kinds,
            vectors: Vec::new(),
            lacks: Vec::new(),
        };
        codec.note_plain();
        // Against kinds with mistakes in them every vector would be wrong.
        if !diagnostics.has_errors() {
            codec.vectors = vectors::read(&codec, root, diagnostics);
        }
        codec.lacks = lacks::read(&codec, root, diagnostics);
        Some(codec)
    }

    /// The constants of the protocol, in written order.
    pub fn consts(&self) -> &[(String, Value)] {
        &self.consts.0
    }

    /// All kinds of messages, in written order.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.iter()
    }

    /// The kind of that name.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| &*kind.name == name)
    }

    /// The most bytes that one message can have, pending ones included; a length that says more
    /// is malformed.
    pub fn max_message(&self) -> usize {
        self.max_message
    }

    /// What the dialect says that it never sends.
    pub fn lacks(&self) -> &[Lack] {
        &self.lacks
    }

    pub(super) fn going(&self, direction: Direction) -> impl Iterator<Item = &Kind> {
        let places = match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        };
        places.iter().map(|at| &self.kinds[*at])
    }
}

fn layout<'n>(
    root: &'n Node,
    types: &Types<'n>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Named<'n>>> {
    let Some(node) = root.get("layout").filter(|node| !node.is_null()) else {
        let diagnostic =
            Diagnostic::error("a protocol needs `layout`").at(&root.span, "none in this file");
        diagnostics.add(diagnostic.help("at least `layout: { body: $body }`"));
        return None;
    };
    let fields = types.fields(node, "`layout`", diagnostics)?;
    let bodies = fields
        .iter()
        .filter(|field| field.spec.base == super::description::Base::Body);
    if bodies.count() != 1 {
        let diagnostic = Diagnostic::error("a layout has one place for the body");
        let diagnostic = diagnostic.at(&node.span, "`$body` stands here once");
        diagnostics
            .add(diagnostic.help("such as `layout: { op: { type: u8, tag: true }, body: $body }`"));
        return None;
    }
    let mut tags = fields.iter().filter(|field| field.spec.tag);
    if let (Some(first), Some(second)) = (tags.next(), tags.next()) {
        let diagnostic = Diagnostic::error("a layout has one tag at most");
        diagnostics.add(
            diagnostic
                .at(second.key_span, "the second")
                .related(first.key_span, "the first")
                .help("make the other one a `const` field of the bodies"),
        );
        return None;
    }
    Some(fields)
}

/// Complains about `only` and `except` that name no kind.
fn check_only(
    root: &Node,
    layout: &[Named<'_>],
    kinds: &[message::Written<'_>],
    diagnostics: &mut Diagnostics,
) {
    for node in layout
        .iter()
        .flat_map(|field| field.spec.only.iter().chain(&field.spec.except))
        .flat_map(|node| node.items().unwrap_or(std::slice::from_ref(*node)))
    {
        let name = node.text().unwrap_or_default();
        let names = || kinds.iter().map(|kind| kind.name);
        // A dialect may have taken away kinds that the layout of its protocol names.
        let inherited = root
            .get("messages")
            .is_some_and(|messages| !Arc::ptr_eq(&messages.span.file, &node.span.file));
        if inherited || names().any(|known| known == name) {
            continue;
        }
        let help = match closest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("kinds are: {}", names().collect::<Vec<_>>().join(", ")),
        };
        let message = format!("no kind of message is {}", node.describe());
        diagnostics.add(
            Diagnostic::error(message)
                .at(&node.span, "unknown")
                .help(help),
        );
    }
}

fn json_style(root: &Fields<'_>, diagnostics: &mut Diagnostics) -> Style {
    match root.text("json_style", diagnostics) {
        None | Some("compact") => Style::Compact,
        Some("spaced") => Style::Spaced,
        Some("python") => Style::Python,
        Some(_) => {
            if let Some(node) = root.get("json_style") {
                let message = format!("`json_style` is not {}", node.describe());
                let diagnostic = Diagnostic::error(message).at(&node.span, "unknown");
                diagnostics.add(diagnostic.help(
                    "compact `{\"a\":1}`, spaced `{\"a\": 1}`, or python (spaced, ASCII only)",
                ));
            }
            Style::Compact
        }
    }
}

fn max_message(root: &Fields<'_>, diagnostics: &mut Diagnostics) -> usize {
    let Some(node) = root.get("max_message") else {
        return DEFAULT_MAX_MESSAGE;
    };
    let range = 1..=1024 * 1024 * 1024;
    if let Some(bytes) = node.integer()
        && range.contains(&bytes)
        && let Ok(bytes) = usize::try_from(bytes)
    {
        return bytes;
    }
    let message = format!(
        "`max_message` is a number of bytes, this is {}",
        node.describe()
    );
    let diagnostic = Diagnostic::error(message).at(&node.span, "1 to 1_073_741_824");
    diagnostics.add(diagnostic.help("such as `max_message: 1_048_576`"));
    DEFAULT_MAX_MESSAGE
}
