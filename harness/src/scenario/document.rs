use super::{Expression, Step, Word, step};
use crate::source::{Diagnostic, Diagnostics, Entry, Fields, Node, Span};

/// One scenario of a file, as written.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Where it begins.
    pub span: Span,
    /// Its title.
    pub title: String,
    /// Where the title stands.
    pub title_span: Span,
    /// The rules that it is about; the first is blamed by default.
    pub rules: Vec<Node>,
    /// What it needs of the target.
    pub needs: Vec<(Need, Span)>,
    /// Only these dialects, when given; `spec` or the protocol's own word is the default one.
    pub dialects: Vec<Node>,
    /// Parameters of a server of our own.
    pub params: Vec<(String, Node)>,
    /// `pace: none`.
    pub without_pace: bool,
    /// `snapshot: none`.
    pub without_snapshot: bool,
    /// Which program is judged.
    pub subject: SubjectWord,
    /// The fake clients, or what a client program is made to believe are servers and other users.
    pub clients: Vec<Client>,
    /// The client program, where one is judged.
    pub program: Option<Program>,
    /// Variants: each variable with its values.
    pub each: Vec<(String, Vec<Node>)>,
    /// How often it runs.
    pub runs: usize,
    /// Steps before the judged ones.
    pub setup: Vec<Step>,
    /// The judged steps.
    pub steps: Vec<Step>,
}

/// Which program a scenario judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectWord {
    /// A server.
    Server,
    /// A client program.
    Client,
}

/// What a scenario needs of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// No stranger on the server; else a failure is inconclusive.
    Alone,
    /// A server that is ours to signal, kill and restart.
    Signals,
    /// The server's log file.
    Log,
}

/// A fake client.
#[derive(Debug, Clone)]
pub struct Client {
    /// The word for it in the scenario.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// How its name on the wire is made.
    pub wire_name: ClientName,
    /// How many there are, for a crowd.
    pub count: Option<usize>,
    /// Of a peer: connections to it are refused.
    pub refuses: bool,
}

/// How a client program is started.
#[derive(Debug, Clone)]
pub struct Program {
    /// The name that it is to have on the wire; generated when nothing is said.
    pub name: Option<Expression>,
    /// The peer whose address it is told; the first when nothing is said.
    pub to: Option<Word>,
    /// The host that it is told instead of the peer's.
    pub host: Option<Expression>,
    /// The port that it is told instead of the peer's.
    pub port: Option<Expression>,
    /// The port of its own that it is told instead of a free one.
    pub client_port: Option<Expression>,
    /// What its standard input is.
    pub stdin: Channel,
    /// What its standard output is.
    pub stdout: Channel,
    /// The kind of terminal that it is told.
    pub term: String,
}

/// What a stream of a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A pipe.
    Pipe,
    /// A pseudo-terminal that does not echo.
    Terminal,
}

impl Default for Program {
    fn default() -> Self {
        Self {
            name: None,
            to: None,
            host: None,
            port: None,
            client_port: None,
            stdin: Channel::Pipe,
            stdout: Channel::Terminal,
            term: "dumb".to_owned(),
        }
    }
}

/// How a fake client's name on the wire is made.
#[derive(Debug, Clone)]
pub enum ClientName {
    /// Generated.
    Generated,
    /// As long as that of another client.
    SameLengthAs(String, Span),
    /// Fixed.
    Fixed(Expression),
}

/// The largest crowd.
const MAX_CROWD: i128 = 20_000;

impl Scenario {
    /// Reads one document of a scenario file.
    pub fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let fields = Fields::of(node, "a scenario", diagnostics)?;
        let title = fields.require("scenario", diagnostics);
        let _ = fields.text("scenario", diagnostics);
        let rules = fields.list("rules");
        if rules.is_empty() {
            let message = "a scenario needs `rules`";
            diagnostics.error(&first_line(node), message, "which rules is it about?");
        }
        let _ = fields.text("about", diagnostics);
        let steps = fields.require("steps", diagnostics);
        let subject = subject(&fields, diagnostics);
        let scenario = Self {
            span: node.span.clone(),
            title: title.and_then(Node::text).unwrap_or_default().to_owned(),
            title_span: title.map_or(&node.span, |title| &title.span).clone(),
            rules: rules.to_vec(),
            needs: fields
                .list("needs")
                .iter()
                .filter_map(|n| need(n, diagnostics))
                .collect(),
            dialects: fields.list("dialects").to_vec(),
            params: map(fields.get("params"), "params", diagnostics),
            without_pace: none("pace", &fields, diagnostics),
            without_snapshot: none("snapshot", &fields, diagnostics),
            subject,
            clients: match subject {
                SubjectWord::Server => clients(&fields, diagnostics),
                SubjectWord::Client => peers(&fields, diagnostics),
            },
            program: (subject == SubjectWord::Client)
                .then(|| program(fields.get("program"), diagnostics)),
            each: each(&fields, diagnostics),
            runs: runs(&fields, diagnostics),
            setup: fields
                .get("setup")
                .map_or_else(Vec::new, |s| step::read_steps(s, diagnostics)),
            steps: steps.map_or_else(Vec::new, |s| step::read_steps(s, diagnostics)),
        };
        fields.finish(diagnostics);
        title?;
        Some(scenario)
    }
}

fn first_line(node: &Node) -> Span {
    node.entries()
        .and_then(|e| e.first())
        .map_or(&node.span, |entry| &entry.key_span)
        .clone()
}

fn need(node: &Node, diagnostics: &mut Diagnostics) -> Option<(Need, Span)> {
    let need = match node.text() {
        Some("alone") => Need::Alone,
        Some("signals") => Need::Signals,
        Some("log") => Need::Log,
        _ => {
            diagnostics.add(
                Diagnostic::error(format!("a scenario cannot need {}", node.describe()))
                    .at(&node.span, "unknown")
                    .help("it can need: alone, signals, log"),
            );
            return None;
        }
    };
    Some((need, node.span.clone()))
}

/// A key that is there with the only value that it can have, `none`.
fn none(key: &'static str, fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> bool {
    let Some(node) = fields.get(key) else {
        return false;
    };
    if node.text() != Some("none") {
        let message = format!("a scenario's `{key}` can only be `none`");
        diagnostics.error(&node.span, message, "expected `none`");
    }
    true
}

fn subject(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> SubjectWord {
    match fields.text("subject", diagnostics) {
        None | Some("server") => SubjectWord::Server,
        Some("client") => SubjectWord::Client,
        Some(_) => {
            if let Some(node) = fields.get("subject") {
                let message = format!("`subject` is `server` or `client`, not {}", node.describe());
                diagnostics.error(&node.span, message, "unknown");
            }
            SubjectWord::Server
        }
    }
}

fn runs(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> usize {
    let Some(count) = fields.integer("runs", diagnostics) else {
        return 1;
    };
    match usize::try_from(count) {
        Ok(count @ 1..=1000) => count,
        _ => {
            if let Some(node) = fields.get("runs") {
                diagnostics.error(&node.span, "`runs` is 1 to 1000", "out of range");
            }
            1
        }
    }
}

fn map(node: Option<&Node>, what: &str, diagnostics: &mut Diagnostics) -> Vec<(String, Node)> {
    let Some(node) = node else { return Vec::new() };
    let Some(entries) = node.entries() else {
        let message = format!("`{what}` is a map, this is {}", node.describe());
        diagnostics.error(&node.span, message, "expected a map");
        return Vec::new();
    };
    entries
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.clone()))
        .collect()
}

fn each(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<(String, Vec<Node>)> {
    let mut variables = Vec::new();
    for (name, values) in map(fields.get("each"), "each", diagnostics) {
        match values.items() {
            Some(items) if !items.is_empty() => variables.push((name, items.to_vec())),
            _ => diagnostics.error(&values.span, "`each` takes a list of values", "not a list"),
        }
    }
    variables
}

/// The entries of the map that declares the actors.
fn declared<'n>(
    fields: &Fields<'n>,
    key: &'static str,
    diagnostics: &mut Diagnostics,
) -> &'n [Entry] {
    let Some(node) = fields.require(key, diagnostics) else {
        return &[];
    };
    let Some(entries) = node.entries() else {
        let message = format!("`{key}` is a map of names");
        diagnostics.error(&node.span, message, "write { alice: {}, bob: {} }");
        return &[];
    };
    for entry in entries.iter().filter(|entry| is_keyword(&entry.key)) {
        let message = format!(
            "`{}` is a word of the language, not a client's name",
            entry.key
        );
        diagnostics.error(&entry.key_span, message, "choose another name");
    }
    entries
}

fn peers(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Client> {
    let mut peers = Vec::new();
    for entry in declared(fields, "peers", diagnostics) {
        let Some(fields) = Fields::of(&entry.value, "a peer", diagnostics) else {
            continue;
        };
        peers.push(Client {
            name: entry.key.clone(),
            span: entry.key_span.clone(),
            wire_name: wire_name(fields.get("name"), diagnostics),
            count: None,
            refuses: fields.flag("refuses", diagnostics),
        });
        fields.finish(diagnostics);
    }
    peers
}

fn program(node: Option<&Node>, diagnostics: &mut Diagnostics) -> Program {
    let mut program = Program::default();
    let Some(fields) = node.and_then(|node| Fields::of(node, "`program`", diagnostics)) else {
        return program;
    };
    let value = |key, diagnostics: &mut Diagnostics| {
        let node = fields.get(key)?;
        Some(Expression::read(node, diagnostics))
    };
    program.name = value("name", diagnostics);
    program.host = value("host", diagnostics);
    program.port = value("port", diagnostics);
    program.client_port = value("client_port", diagnostics);
    program.to = fields
        .get("to")
        .and_then(|node| Word::read(node, diagnostics));
    program.stdin = channel(&fields, "stdin", program.stdin, diagnostics);
    program.stdout = channel(&fields, "stdout", program.stdout, diagnostics);
    if let Some(term) = fields.text("term", diagnostics) {
        term.clone_into(&mut program.term);
    }
    fields.finish(diagnostics);
    program
}

fn channel(
    fields: &Fields<'_>,
    key: &'static str,
    default: Channel,
    diagnostics: &mut Diagnostics,
) -> Channel {
    match fields.text(key, diagnostics) {
        None => default,
        Some("pipe") => Channel::Pipe,
        Some("terminal") => Channel::Terminal,
        Some(_) => {
            if let Some(node) = fields.get(key) {
                let message = format!("`{key}` is `pipe` or `terminal`, not {}", node.describe());
                diagnostics.error(&node.span, message, "unknown");
            }
            default
        }
    }
}

fn clients(fields: &Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Client> {
    let mut clients = Vec::new();
    for entry in declared(fields, "clients", diagnostics) {
        let Some(fields) = Fields::of(&entry.value, "a client", diagnostics) else {
            continue;
        };
        let count = fields.integer("count", diagnostics);
        if let (Some(count), Some(node)) = (count, fields.get("count"))
            && !(1..=MAX_CROWD).contains(&count)
        {
            let message = format!("a crowd has 1 to {MAX_CROWD} members");
            diagnostics.error(&node.span, message, "out of range");
        }
        clients.push(Client {
            name: entry.key.clone(),
            span: entry.key_span.clone(),
            wire_name: wire_name(fields.get("name"), diagnostics),
            count: count.and_then(|count| usize::try_from(count).ok()),
            refuses: false,
        });
        fields.finish(diagnostics);
    }
    clients
}

fn wire_name(node: Option<&Node>, diagnostics: &mut Diagnostics) -> ClientName {
    match node {
        None => ClientName::Generated,
        Some(node) => match node.get("same_length_as") {
            Some(other) => {
                let name = other.text().unwrap_or_default().trim_start_matches('$');
                ClientName::SameLengthAs(name.to_owned(), other.span.clone())
            }
            None => ClientName::Fixed(Expression::read(node, diagnostics)),
        },
    }
}

/// Words that begin steps, and so cannot name clients.
pub(super) const KEYWORDS: &[&str] = &[
    "all",
    "self",
    "got",
    "nonce",
    "source",
    "use",
    "fence",
    "together",
    "any_order",
    "either",
    "repeat",
    "eventually",
    "server",
    "expect",
    "steps",
    "pause",
    "rule",
    "rules",
    "about",
    "only_if",
    "as",
    "stdin",
    "stdout",
    "stderr",
    "output",
    "exit",
    "program",
];

fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}
