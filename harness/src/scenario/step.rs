use super::document::KEYWORDS;
use super::expression::read_hex;
use super::{Expression, Matcher, Quantity};
use crate::source::{Diagnostic, Diagnostics, Entry, Fields, Node, Span};
use crate::transcript::Close;

/// A word that names something, perhaps by a variable: `alice`, `$who`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text as written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// One step, as written.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it stands.
    pub span: Span,
    /// The rules that it names; the first is blamed.
    pub rules: Vec<Node>,
    /// `only_if`: parameters or variables and the values that they must have.
    pub only_if: Vec<(Word, Node)>,
    /// What it does.
    pub kind: StepKind,
}

/// The kinds of steps.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// An actor does or expects something.
    Actor(Word, Action),
    /// `use`: a macro.
    Use(Word, Vec<(String, Expression, Span)>),
    /// `fence`: who probes.
    Fence(Fence),
    /// `together`: writes back to back.
    Together(Vec<Step>),
    /// `any_order`.
    AnyOrder(Vec<Branch>),
    /// `either`.
    Either(Vec<Branch>),
    /// `repeat`.
    Repeat(Repeat),
    /// `eventually`.
    Eventually {
        /// How long it is tried.
        within: Option<Quantity>,
        /// The pause between attempts.
        every: Option<Quantity>,
        /// What must hold.
        steps: Vec<Step>,
    },
    /// `server`: something about the program under test.
    Server(ServerAction),
    /// `program`, `stdin`, `stdout` and the like: something about the client program.
    Program(ServerAction),
    /// `expect`: checks of captured values.
    Expect(Vec<(Quantity, Matcher, Span)>),
    /// `pause`.
    Pause(Quantity),
    /// `steps`: a group.
    Group(Vec<Step>),
}

/// The steps of one branch, in their own order.
pub type Branch = Vec<Step>;

/// Who probes in a fence.
#[derive(Debug, Clone)]
pub struct Fence {
    /// Named actors; empty means all.
    pub who: Vec<Word>,
}

/// `repeat: 200, as: i, steps`.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// How often.
    pub count: Expression,
    /// The variable that counts from 1.
    pub variable: Option<String>,
    /// What is repeated.
    pub steps: Vec<Step>,
}

/// What an actor does or expects.
#[derive(Debug, Clone)]
pub enum Action {
    /// Connects; `fresh` means anew, whatever was before.
    Connect {
        /// A new connection even if there is one.
        fresh: bool,
    },
    /// Sends one message or raw bytes, or several in one write.
    Send(Send),
    /// Expects a message.
    Recv {
        /// What it is like.
        pattern: Pattern,
        /// When.
        window: Window,
        /// How often.
        times: Times,
        /// Captured fields: field, variable.
        save: Vec<(String, String)>,
        /// Fields collected over several messages: field, variable.
        gather: Vec<(String, String)>,
        /// Names the moment of arrival.
        mark: Option<String>,
        /// For datagrams: the socket to which it comes.
        at: Option<Word>,
    },
    /// No such message may come before the next fence.
    Never(Pattern),
    /// No judged message for this long.
    Silence(Quantity),
    /// The program under test ends the connection.
    Closed(Window, Option<String>),
    /// The program under test has not ended the connection.
    Open,
    /// Ends the connection, or one half of it.
    Close(Word, Option<String>),
    /// Which automatic answers are on.
    Reflexes(Vec<Word>),
    /// Kinds that are skipped from here on.
    Ignore(Vec<Word>),
    /// Kinds that are judged from here on.
    Judge(Vec<Word>),
    /// Variables and marks of the actor.
    Set(Vec<(String, Expression)>),
    /// Whether the actor reads.
    Reading(bool),
    /// Size of the socket's receive buffer in bytes, before connecting.
    ReceiveBuffer(i128),
    /// How often each of the actor's datagrams goes out.
    Network(Option<usize>),
}

/// Something that is sent.
#[derive(Debug, Clone)]
pub struct Send {
    /// What, one after the other in one write.
    pub payload: Vec<Batch>,
    /// How the bytes go onto the wire.
    pub writing: Writing,
    /// Names the end of the write.
    pub mark: Option<String>,
}

/// One part of a write.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Repeated this often, with a variable that counts from 1.
    pub repeat: Option<(Expression, Option<String>)>,
    /// What is sent.
    pub payload: Payload,
    /// Where it stands.
    pub span: Span,
}

/// Bytes or a message.
#[derive(Debug, Clone)]
pub enum Payload {
    /// A message as described.
    Message {
        /// Its kind.
        kind: Word,
        /// Its fields.
        with: Vec<(String, Expression, Span)>,
        /// Computed lengths and layout fields that are bent to wrong values.
        bend: Vec<(String, Expression, Span)>,
    },
    /// Bytes.
    Raw(Expression),
}

/// How bytes go onto the wire.
#[derive(Debug, Clone, Default)]
pub struct Writing {
    /// Sizes of the pieces; the last repeats; empty means one write.
    pub chunks: Vec<Option<usize>>,
    /// The pause between pieces.
    pub gap: Option<Quantity>,
    /// Only so many bytes from the start.
    pub first: Option<usize>,
    /// So many bytes were written before and are left out.
    pub skip: Option<usize>,
    /// For datagrams: where and how they go.
    pub way: Way,
}

/// Where datagrams go, and how.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// The socket that they go out from.
    pub via: Option<Word>,
    /// Where to, if not to the server.
    pub to: Option<Expression>,
    /// How often each goes out; 0 loses it.
    pub copies: Option<usize>,
    /// In which order.
    pub order: Order,
}

/// The order in which the parts of a batch go out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// As they are written.
    #[default]
    AsWritten,
    /// The last first.
    Reversed,
    /// In a random one, which comes from the seed.
    Shuffled,
}

/// What a message must be like, as written.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// One of these kinds.
    pub kinds: Vec<Word>,
    /// The listed fields.
    pub with: Vec<(String, Matcher, Span)>,
    /// No other fields.
    pub exact: bool,
    /// Where it stands.
    pub span: Span,
}

/// When something must happen.
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// The mark that the times count from; else the last action.
    pub since: Option<Word>,
    /// Not earlier than this.
    pub after: Option<Quantity>,
    /// Not later than this.
    pub within: Option<Quantity>,
}

/// How often something may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// At least.
    pub min: usize,
    /// At most; `None` without end.
    pub max: Option<usize>,
}

impl Times {
    /// Just once.
    pub const ONCE: Self = Self {
        min: 1,
        max: Some(1),
    };
}

/// A stream of the program under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Either of them.
    Output,
    /// The log file.
    Log,
}

/// Something about the program under test.
#[derive(Debug, Clone)]
pub enum ServerAction {
    /// Gives it something on its standard input.
    Type(Typed),
    /// Ends its standard input.
    CloseInput(Option<String>),
    /// From here on its end is no surprise.
    MayEnd,
    /// Sends a signal to its process group.
    Signal(Expression, Option<String>),
    /// Kills it.
    Kill,
    /// Stops it if it runs, and starts it again on the same address and folder.
    Restart,
    /// It ends.
    Exit {
        /// When.
        window: Window,
        /// The exit status.
        status: Option<Matcher>,
    },
    /// It prints a line.
    Prints {
        /// Where.
        stream: Stream,
        /// What.
        text: Matcher,
        /// When.
        window: Window,
        /// Must not be printed at all.
        never: bool,
    },
}

/// What a program is given on its standard input.
#[derive(Debug, Clone)]
pub struct Typed {
    /// One after the other.
    pub texts: Vec<Expression>,
    /// Each is a line, and gets its end.
    pub lines: bool,
    /// Names the moment.
    pub mark: Option<String>,
}

/// Reads a list of steps.
pub fn read_steps(node: &Node, diagnostics: &mut Diagnostics) -> Vec<Step> {
    let Some(items) = node.items() else {
        let message = format!("steps are a list, this is {}", node.describe());
        diagnostics.error(
            &node.span,
            message,
            "expected a list: `- alice: { send: … }`",
        );
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| Step::read(item, diagnostics))
        .collect()
}

/// A branch is one step or a list of them.
fn read_branches(node: &Node, diagnostics: &mut Diagnostics) -> Vec<Branch> {
    let Some(items) = node.items() else {
        diagnostics.error(
            &node.span,
            "branches are a list",
            "expected a list of steps",
        );
        return Vec::new();
    };
    let branch = |item: &Node| match item.items() {
        Some(_) => read_steps(item, diagnostics),
        None => Step::read(item, diagnostics).into_iter().collect(),
    };
    items.iter().map(branch).collect()
}

impl Word {
    /// The word that a scalar is; complains about anything else.
    pub fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        if node.text().is_none() {
            diagnostics.error(
                &node.span,
                format!("expected a name, this is {}", node.describe()),
                "not a name",
            );
        }
        Some(Self {
            text: node.text()?.to_owned(),
            span: node.span.clone(),
        })
    }

    /// The words of a list; a single one counts as a list of one.
    pub fn read_list(node: &Node, diagnostics: &mut Diagnostics) -> Vec<Self> {
        let items = node.items().unwrap_or(std::slice::from_ref(node));
        items
            .iter()
            .filter_map(|item| Self::read(item, diagnostics))
            .collect()
    }

    fn key(entry: &Entry) -> Self {
        Self {
            text: entry.key.clone(),
            span: entry.key_span.clone(),
        }
    }
}

/// The words of a step's own map.
pub(crate) mod step_words {
    /// Keys that say what a step does; any other names an actor.
    pub(crate) const HEADS: &[&str] = &[
        "use",
        "fence",
        "together",
        "any_order",
        "either",
        "repeat",
        "eventually",
        "server",
        "expect",
        "pause",
        "program",
        "stdin",
        "stdout",
        "stderr",
        "output",
    ];

    /// Keys that may stand beside what a step does.
    pub(crate) const BESIDE: &[&str] = &["rule", "rules", "about", "only_if"];

    /// Keys that belong to a step of a certain kind.
    pub(crate) const PARTS: &[&str] = &["with", "as", "steps"];
}
use step_words::{BESIDE, PARTS};

impl Step {
    fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let Some(entries) = node.entries() else {
            let message = format!("a step is a map, this is {}", node.describe());
            diagnostics.error(
                &node.span,
                message,
                "expected `alice: { … }` or `fence: all`",
            );
            return None;
        };
        let is_head = |entry: &&Entry| {
            let key = entry.key.as_str();
            !BESIDE.contains(&key) && !PARTS.contains(&key)
        };
        let mut heads = entries.iter().filter(is_head);
        let head = heads
            .next()
            .or_else(|| entries.iter().find(|entry| entry.key == "steps"));
        let Some(head) = head else {
            diagnostics.error(
                &node.span,
                "a step needs something to do",
                "only remarks here",
            );
            return None;
        };
        if let Some(second) = heads.next() {
            let message = format!(
                "a step does one thing, here are `{}` and `{}`",
                head.key, second.key
            );
            diagnostics.add(
                Diagnostic::error(message)
                    .at(&second.key_span, "the second one")
                    .help("make two steps of it, each with its own `-`"),
            );
            return None;
        }
        let rules = [node.get("rule"), node.get("rules")].into_iter().flatten();
        let rules = rules.flat_map(|n| n.items().unwrap_or(std::slice::from_ref(n)));
        let only_if = entries_of(node, "only_if", diagnostics);
        if let Some(about) = node.get("about").filter(|about| about.text().is_none()) {
            let message = format!("`about` is text, this is {}", about.describe());
            diagnostics.error(&about.span, message, "expected text");
        }
        let span = Span {
            end: node.span.end,
            ..head.key_span.clone()
        };
        Some(Self {
            span,
            rules: rules.cloned().collect(),
            only_if: only_if
                .iter()
                .map(|e| (Word::key(e), e.value.clone()))
                .collect(),
            kind: read_kind(head, node, diagnostics)?,
        })
    }
}

/// The entries of a key that is a map.
fn entries_of<'n>(node: &'n Node, key: &str, diagnostics: &mut Diagnostics) -> &'n [Entry] {
    let Some(value) = node.get(key) else {
        return &[];
    };
    if value.entries().is_none() {
        let message = format!("`{key}` is a map, this is {}", value.describe());
        diagnostics.error(&value.span, message, "expected a map");
    }
    value.entries().unwrap_or_default()
}

fn read_kind(head: &Entry, node: &Node, diagnostics: &mut Diagnostics) -> Option<StepKind> {
    let value = &head.value;
    if !matches!(head.key.as_str(), "repeat" | "steps" | "use") {
        refuse_parts(node, diagnostics);
    }
    Some(match head.key.as_str() {
        "use" => {
            let name = Word::read(value, diagnostics)?;
            let with = node
                .get("with")
                .map_or_else(Vec::new, |n| read_values(n, diagnostics));
            StepKind::Use(name, with)
        }
        "fence" => {
            let words = Word::read_list(value, diagnostics);
            let all = words.iter().any(|word| word.text == "all");
            StepKind::Fence(Fence {
                who: if all { Vec::new() } else { words },
            })
        }
        "together" => StepKind::Together(read_steps(value, diagnostics)),
        "any_order" => StepKind::AnyOrder(read_branches(value, diagnostics)),
        "either" => StepKind::Either(read_branches(value, diagnostics)),
        "steps" => StepKind::Group(read_steps(value, diagnostics)),
        "repeat" => {
            let Some(steps) = node.get("steps") else {
                diagnostics.error(&head.key_span, "`repeat` needs `steps`", "of what?");
                return None;
            };
            let name = node.get("as");
            let name = name.and_then(|name| Word::read(name, diagnostics));
            let variable = name.map(|name| name.text);
            let count = Expression::read_count(value, diagnostics);
            StepKind::Repeat(Repeat {
                count,
                variable,
                steps: read_steps(steps, diagnostics),
            })
        }
        "eventually" => {
            let fields = Fields::of(value, "`eventually`", diagnostics)?;
            let within = quantity(&fields, "within", diagnostics);
            let every = quantity(&fields, "every", diagnostics);
            let steps = fields.require("steps", diagnostics);
            fields.finish(diagnostics);
            StepKind::Eventually {
                within,
                every,
                steps: read_steps(steps?, diagnostics),
            }
        }
        "server" => StepKind::Server(read_server(value, diagnostics)?),
        "program" => StepKind::Program(read_program(value, diagnostics)?),
        "stdin" => StepKind::Program(ServerAction::Type(read_typed(value, diagnostics)?)),
        "stdout" => StepKind::Program(read_print(Stream::Stdout, value, diagnostics)?),
        "stderr" => StepKind::Program(read_print(Stream::Stderr, value, diagnostics)?),
        "output" => StepKind::Program(read_print(Stream::Output, value, diagnostics)?),
        "expect" => StepKind::Expect(read_expect(value, diagnostics)),
        "pause" => StepKind::Pause(Quantity::read_time(value, diagnostics)?),
        word if KEYWORDS.contains(&word) && word != "all" => {
            diagnostics.error(
                &head.key_span,
                format!("`{word}` cannot begin a step"),
                "not here",
            );
            return None;
        }
        _ => StepKind::Actor(Word::key(head), read_action(value, diagnostics)?),
    })
}

fn refuse_parts(node: &Node, diagnostics: &mut Diagnostics) {
    for entry in node.entries().unwrap_or_default() {
        if PARTS.contains(&entry.key.as_str()) && entry.key != "steps" {
            let message = format!("`{}` stands beside the action here", entry.key);
            diagnostics.add(
                Diagnostic::error(message)
                    .at(&entry.key_span, "one level too far left")
                    .help(format!(
                        "write it inside: `alice: {{ send: …, {}: … }}`",
                        entry.key
                    )),
            );
        }
    }
}

/// The keys that are actions of an actor; exactly one stands in a step.
const ACTIONS: &[&str] = &[
    "connect",
    "send",
    "raw",
    "batch",
    "recv",
    "never",
    "silence",
    "closed",
    "open",
    "close",
    "reflexes",
    "ignore",
    "judge",
    "set",
    "reading",
    "receive_buffer",
    "network",
];

fn read_action(node: &Node, diagnostics: &mut Diagnostics) -> Option<Action> {
    let fields = Fields::of(node, "an actor's step", diagnostics)?;
    let present: Vec<&'static str> = ACTIONS
        .iter()
        .copied()
        .filter(|key| node.get(key).is_some())
        .collect();
    let name = match present.as_slice() {
        [one] => *one,
        [] => {
            let known = node.entries().unwrap_or_default().first();
            let near = known.and_then(|e| crate::source::closest(&e.key, ACTIONS.iter().copied()));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("one of: {}", ACTIONS.join(", ")),
            };
            diagnostics.add(
                Diagnostic::error("an actor's step needs an action")
                    .at(&node.span, "none here")
                    .help(help),
            );
            return None;
        }
        [first, second, ..] => {
            let message = format!("a step does one thing, here are `{first}` and `{second}`");
            diagnostics.error(&node.span, message, "make two steps of it");
            return None;
        }
    };
    let value = fields.get_or_null(name)?;
    let action = read_named_action(name, value, &fields, diagnostics);
    fields.finish_knowing(diagnostics, |key| {
        let beside = BESIDE.contains(&key);
        beside.then(|| format!("it stands beside the actor: `{{ alice: {{ … }}, {key}: … }}`"))
    });
    action
}

fn read_named_action(
    name: &str,
    value: &Node,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Action> {
    let mark = || fields.get("mark").and_then(Node::text).map(str::to_owned);
    let is_empty = value.entries().is_some_and(<[Entry]>::is_empty);
    let is_fresh = name == "connect" && value.text() == Some("fresh");
    if matches!(name, "connect" | "open") && !is_empty && !is_fresh {
        let message = format!(
            "behind `{name}` stands `{{}}`, this is {}",
            value.describe()
        );
        diagnostics.error(&value.span, message, "nothing more is to be said");
    }
    Some(match name {
        "connect" => Action::Connect { fresh: is_fresh },
        "send" | "raw" | "batch" => Action::Send(read_send(name, value, fields, diagnostics)?),
        "recv" => read_recv(value, fields, diagnostics),
        "never" => Action::Never(read_pattern(value, fields, diagnostics)),
        "silence" => Action::Silence(Quantity::read_time(value, diagnostics)?),
        "closed" => {
            let inner = Fields::of(value, "`closed`", diagnostics)?;
            let window = read_window(&inner, diagnostics);
            let own = inner.text("mark", diagnostics).map(str::to_owned);
            let mark = own.or_else(mark);
            inner.finish(diagnostics);
            Action::Closed(window, mark)
        }
        "open" => Action::Open,
        "close" => Action::Close(Word::read(value, diagnostics)?, mark()),
        "reflexes" => Action::Reflexes(Word::read_list(value, diagnostics)),
        "ignore" => Action::Ignore(Word::read_list(value, diagnostics)),
        "judge" => Action::Judge(Word::read_list(value, diagnostics)),
        "set" => Action::Set(
            read_values(value, diagnostics)
                .into_iter()
                .map(|(key, value, _)| (key, value))
                .collect(),
        ),
        "reading" => Action::Reading(fields.flag("reading", diagnostics)),
        "network" => {
            let inner = Fields::of(value, "`network`", diagnostics)?;
            let copies = copies(&inner, diagnostics);
            inner.finish(diagnostics);
            Action::Network(copies)
        }
        _ => Action::ReceiveBuffer(fields.integer("receive_buffer", diagnostics)?),
    })
}

fn read_values(node: &Node, diagnostics: &mut Diagnostics) -> Vec<(String, Expression, Span)> {
    let Some(entries) = node.entries() else {
        let message = format!("expected a map of values, this is {}", node.describe());
        diagnostics.error(&node.span, message, "write { name: value }");
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

fn read_send(
    name: &str,
    value: &Node,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Send> {
    let payload = if name == "batch" {
        let items = value.items().unwrap_or(std::slice::from_ref(value));
        items
            .iter()
            .filter_map(|item| read_batch_item(item, diagnostics))
            .collect()
    } else {
        let payload = read_payload(name, value, fields, diagnostics)?;
        vec![Batch {
            repeat: None,
            payload,
            span: value.span.clone(),
        }]
    };
    let chunks = fields
        .list("chunks")
        .iter()
        .filter_map(|n| chunk(n, diagnostics))
        .collect();
    let count = |key, diagnostics: &mut Diagnostics| {
        let number = fields.integer(key, diagnostics)?;
        usize::try_from(number).ok()
    };
    let writing = Writing {
        chunks,
        gap: quantity(fields, "gap", diagnostics),
        first: count("first", diagnostics),
        skip: count("skip", diagnostics),
        way: read_way(fields, diagnostics),
    };
    let mark = fields.text("mark", diagnostics).map(str::to_owned);
    Some(Send {
        payload,
        writing,
        mark,
    })
}

fn read_way(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Way {
    let order = match fields.text("order", diagnostics) {
        None => Order::AsWritten,
        Some("reversed") => Order::Reversed,
        Some("shuffled") => Order::Shuffled,
        Some(_) => {
            if let Some(node) = fields.get("order") {
                let message = format!("`order` is reversed or shuffled, not {}", node.describe());
                diagnostics.error(&node.span, message, "unknown");
            }
            Order::AsWritten
        }
    };
    Way {
        via: fields
            .get("via")
            .and_then(|node| Word::read(node, diagnostics)),
        to: fields
            .get("to")
            .map(|node| Expression::read(node, diagnostics)),
        copies: copies(fields, diagnostics),
        order,
    }
}

/// The most copies of a datagram.
const MAX_COPIES: usize = 1000;

fn copies(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Option<usize> {
    let number = fields.integer("copies", diagnostics)?;
    let copies = usize::try_from(number)
        .ok()
        .filter(|number| *number <= MAX_COPIES);
    if let (None, Some(node)) = (copies, fields.get("copies")) {
        let message = format!("`copies` is from 0 (it is lost) to {MAX_COPIES}");
        diagnostics.error(&node.span, message, "out of range");
    }
    copies
}

fn chunk(node: &Node, diagnostics: &mut Diagnostics) -> Option<Option<usize>> {
    if node.text() == Some("rest") {
        return Some(None);
    }
    match node.integer().and_then(|n| usize::try_from(n).ok()) {
        Some(size) if size > 0 => Some(Some(size)),
        _ => {
            diagnostics.error(
                &node.span,
                "a chunk is a number of bytes or `rest`",
                "not a size",
            );
            None
        }
    }
}

fn read_batch_item(node: &Node, diagnostics: &mut Diagnostics) -> Option<Batch> {
    let fields = Fields::of(node, "a part of a batch", diagnostics)?;
    let repeat = fields.get("repeat").map(|count| {
        let variable = fields.text("as", diagnostics).map(str::to_owned);
        (Expression::read_count(count, diagnostics), variable)
    });
    let (name, value) = match (fields.get("send"), fields.get("raw")) {
        (Some(value), None) => ("send", value),
        (None, Some(value)) => ("raw", value),
        _ => {
            diagnostics.error(
                &node.span,
                "a part of a batch is one `send` or `raw`",
                "here",
            );
            return None;
        }
    };
    let payload = read_payload(name, value, &fields, diagnostics)?;
    fields.finish(diagnostics);
    Some(Batch {
        repeat,
        payload,
        span: node.span.clone(),
    })
}

fn read_payload(
    name: &str,
    value: &Node,
    fields: &Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Payload> {
    if name == "raw" {
        return Some(Payload::Raw(match value.text() {
            Some(text) if !text.starts_with('$') => {
                Expression::Hex(read_hex(value, diagnostics), value.span.clone())
            }
            _ => Expression::read(value, diagnostics),
        }));
    }
    let kind = Word::read(value, diagnostics)?;
    let values = |node: Option<&Node>, diagnostics: &mut Diagnostics| {
        node.map_or_else(Vec::new, |node| read_values(node, diagnostics))
    };
    let with = values(fields.get("with"), diagnostics);
    let bend = values(fields.get("bend"), diagnostics);
    Some(Payload::Message { kind, with, bend })
}

/// Reads the kinds and the `with` of an expected message.
pub fn read_pattern(value: &Node, fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Pattern {
    let with = fields.get("with").map_or(&[][..], |node| {
        node.entries().unwrap_or_else(|| {
            diagnostics.error(
                &node.span,
                "`with` is a map of fields",
                "write { field: value }",
            );
            &[]
        })
    });
    let read = |entry: &Entry| {
        (
            entry.key.clone(),
            Matcher::read(&entry.value, diagnostics),
            entry.key_span.clone(),
        )
    };
    let with = with.iter().map(read).collect();
    Pattern {
        kinds: Word::read_list(value, diagnostics),
        with,
        exact: fields.flag("exact", diagnostics),
        span: value.span.clone(),
    }
}

fn read_recv(value: &Node, fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Action {
    let pattern = read_pattern(value, fields, diagnostics);
    let optional = fields.flag("optional", diagnostics);
    let times = match fields.get("times") {
        Some(node) => read_times(node, diagnostics),
        None if optional => Times {
            min: 0,
            max: Some(1),
        },
        None => Times::ONCE,
    };
    let mut pairs = |key| -> Vec<(String, String)> {
        let entries = fields.map(key, diagnostics);
        let text = |entry: &Entry| {
            (
                entry.key.clone(),
                entry.value.text().unwrap_or_default().to_owned(),
            )
        };
        entries.iter().map(text).collect()
    };
    let (save, gather) = (pairs("save"), pairs("gather"));
    Action::Recv {
        pattern,
        window: read_window(fields, diagnostics),
        times,
        save,
        gather,
        mark: fields.text("mark", diagnostics).map(str::to_owned),
        at: fields
            .get("at")
            .and_then(|node| Word::read(node, diagnostics)),
    }
}

fn read_times(node: &Node, diagnostics: &mut Diagnostics) -> Times {
    let text = node.text().unwrap_or_default();
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let times = match text.split_once("..") {
        Some((min, "")) => number(min).map(|min| Times { min, max: None }),
        Some((min, max)) => match (number(min), number(max)) {
            (Some(min), Some(max)) if min <= max => Some(Times {
                min,
                max: Some(max),
            }),
            _ => None,
        },
        None => number(text).map(|n| Times {
            min: n,
            max: Some(n),
        }),
    };
    times.unwrap_or_else(|| {
        diagnostics.error(&node.span, "`times` is 3, 1..5 or 1..", "cannot be read");
        Times::ONCE
    })
}

fn quantity(
    fields: &Fields<'_>,
    key: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<Quantity> {
    Quantity::read_time(fields.get(key)?, diagnostics)
}

fn read_window(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Window {
    Window {
        since: fields
            .get("since")
            .and_then(|node| Word::read(node, diagnostics)),
        after: quantity(fields, "after", diagnostics),
        within: quantity(fields, "within", diagnostics),
    }
}

fn read_server(value: &Node, diagnostics: &mut Diagnostics) -> Option<ServerAction> {
    match value.text() {
        Some("kill") => return Some(ServerAction::Kill),
        Some("restart") => return Some(ServerAction::Restart),
        _ => {}
    }
    let fields = Fields::of(value, "a server's step", diagnostics)?;
    let mark = fields.text("mark", diagnostics).map(str::to_owned);
    let streams = [
        ("stdout", Stream::Stdout),
        ("stderr", Stream::Stderr),
        ("output", Stream::Output),
        ("log", Stream::Log),
    ];
    let print = streams
        .into_iter()
        .find_map(|(key, stream)| Some((stream, fields.get(key)?)));
    let action = if let Some(signal) = fields.get("signal") {
        Some(ServerAction::Signal(
            Expression::read(signal, diagnostics),
            mark,
        ))
    } else if let Some(exit) = fields.get_or_null("exit") {
        read_exit(exit, diagnostics)
    } else if let Some((stream, text)) = print {
        Some(ServerAction::Prints {
            stream,
            text: Matcher::read(text, diagnostics),
            window: read_window(&fields, diagnostics),
            never: fields.flag("never", diagnostics),
        })
    } else {
        let message = "a server's step is `kill`, `restart`, or one of signal, exit, stdout, stderr, output, log";
        diagnostics.error(&value.span, message, "none of them here");
        None
    };
    fields.finish(diagnostics);
    action
}

fn read_exit(exit: &Node, diagnostics: &mut Diagnostics) -> Option<ServerAction> {
    let inner = Fields::of(exit, "`exit`", diagnostics)?;
    let status = inner
        .get("status")
        .map(|node| Matcher::read(node, diagnostics));
    let window = read_window(&inner, diagnostics);
    inner.finish(diagnostics);
    Some(ServerAction::Exit { window, status })
}

fn read_program(value: &Node, diagnostics: &mut Diagnostics) -> Option<ServerAction> {
    let fields = Fields::of(value, "a program's step", diagnostics)?;
    let mark = fields.text("mark", diagnostics).map(str::to_owned);
    let signal = fields.get("signal");
    let exit = fields.get_or_null("exit");
    let closed = fields.text("closed", diagnostics);
    let may_end = fields.flag("may_end", diagnostics);
    fields.finish(diagnostics);
    match (signal, exit, closed) {
        (None, None, None) if may_end && mark.is_none() => Some(ServerAction::MayEnd),
        _ if may_end => {
            let message = "`may_end` stands alone";
            diagnostics.error(&value.span, message, "two things here");
            None
        }
        (Some(signal), None, None) => {
            let signal = Expression::read(signal, diagnostics);
            Some(ServerAction::Signal(signal, mark))
        }
        (None, Some(exit), None) => read_exit(exit, diagnostics),
        (None, None, Some("stdin")) => Some(ServerAction::CloseInput(mark)),
        _ => {
            let message =
                "a program's step is one of `signal`, `exit`, `closed: stdin` and `may_end: true`";
            diagnostics.error(&value.span, message, "not one of them here");
            None
        }
    }
}

/// A line, a list of lines, or a map that says more.
fn read_typed(value: &Node, diagnostics: &mut Diagnostics) -> Option<Typed> {
    let texts = |node: &Node, diagnostics: &mut Diagnostics| -> Vec<Expression> {
        let items = node.items().unwrap_or(std::slice::from_ref(node));
        let read = |item| Expression::read(item, diagnostics);
        items.iter().map(read).collect()
    };
    if value.get("lines").is_none() && value.get("raw").is_none() {
        return Some(Typed {
            texts: texts(value, diagnostics),
            lines: true,
            mark: None,
        });
    }
    let fields = Fields::of(value, "what is typed", diagnostics)?;
    let mark = fields.text("mark", diagnostics).map(str::to_owned);
    let (lines, raw) = (fields.get("lines"), fields.get("raw"));
    fields.finish(diagnostics);
    let (Some(node), true) = (lines.or(raw), lines.is_none() || raw.is_none()) else {
        let message = "what is typed is either `lines` or `raw`";
        diagnostics.error(&value.span, message, "which one?");
        return None;
    };
    Some(Typed {
        texts: texts(node, diagnostics),
        lines: lines.is_some(),
        mark,
    })
}

/// What a program prints: a matcher, or a map that says more.
fn read_print(stream: Stream, value: &Node, diagnostics: &mut Diagnostics) -> Option<ServerAction> {
    if value.get("text").is_none() {
        return Some(ServerAction::Prints {
            stream,
            text: Matcher::read(value, diagnostics),
            window: Window::default(),
            never: false,
        });
    }
    let fields = Fields::of(value, "what is printed", diagnostics)?;
    let text = fields.get("text")?;
    let action = ServerAction::Prints {
        stream,
        text: Matcher::read(text, diagnostics),
        window: read_window(&fields, diagnostics),
        never: fields.flag("never", diagnostics),
    };
    fields.finish(diagnostics);
    Some(action)
}

fn read_expect(node: &Node, diagnostics: &mut Diagnostics) -> Vec<(Quantity, Matcher, Span)> {
    let Some(entries) = node.entries() else {
        let message = "`expect` is a map of checks";
        diagnostics.error(
            &node.span,
            message,
            "write { \"heard - left\": { $le: 2s } }",
        );
        return Vec::new();
    };
    let mut checks = Vec::new();
    for entry in entries {
        if let Some(quantity) = Quantity::parse(&entry.key, &entry.key_span, diagnostics) {
            let matcher = Matcher::read(&entry.value, diagnostics);
            checks.push((quantity, matcher, entry.key_span.clone()));
        }
    }
    checks
}

/// The kinds of closing by their words.
pub fn close_word(word: &str) -> Option<Close> {
    match word {
        "fin" => Some(Close::Fin),
        "write" => Some(Close::Write),
        "reset" => Some(Close::Reset),
        _ => None,
    }
}
