//! What a protocol file says besides what messages look like: parameters, macros, the fence,
//! automatic answers, and which rule is broken by what.

mod read;

use std::time::Duration;

use crate::scenario::{Expression, Pattern, Quantity, Send, Step, Word};
use crate::source::{Node, Span};

pub use read::read;

/// A protocol file without its wire description, as written.
#[derive(Debug, Clone)]
pub struct Protocol {
    /// Its name: the folder's name and what `--protocol` takes.
    pub name: String,
    /// Its title.
    pub title: String,
    /// How messages travel.
    pub transport: Transport,
    /// The port of its document.
    pub default_port: Option<u16>,
    /// Parameters of the program under test and of the fake clients.
    pub params: Vec<Param>,
    /// How names are generated.
    pub names: Names,
    /// What is skipped unless a scenario judges it: whole kinds, and messages of a kind.
    pub ignore: Vec<Pattern>,
    /// Automatic answers.
    pub reflexes: Vec<Reflex>,
    /// How silence is proven.
    pub fence: Option<Fence>,
    /// Steps of a fresh actor `x` that ask a server without harm whether it speaks this protocol.
    pub probe: Vec<Step>,
    /// What unexpected messages break.
    pub stray: Vec<Stray>,
    /// What holds for every message of a kind.
    pub always: Vec<Always>,
    /// The rule that a program breaks which dies.
    pub crash: Option<Node>,
    /// The rule that bytes break which are no message.
    pub broken: Option<Node>,
    /// Macros.
    pub macros: Vec<Macro>,
    /// The pause that an implementation needs between two sends of the fake clients.
    pub pace: Duration,
    /// Kinds whose field names the user that they concern: kind, field.
    pub ambient: Vec<(Word, String)>,
    /// How long a `recv` waits when it does not say so.
    pub deadline: Duration,
    /// The dialect's name.
    pub dialect: Option<String>,
    /// The same protocol as it is where a client program is judged.
    pub client: Option<Box<Protocol>>,
}

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A byte stream.
    Tcp,
    /// Datagrams.
    Udp,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its value when nobody sets it.
    pub default: Option<String>,
    /// A program that cannot be told another value has the default.
    pub assumed: bool,
    /// Where it is declared.
    pub span: Span,
    /// What it is.
    pub about: String,
}

/// How names are generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The characters.
    pub alphabet: Vec<char>,
    /// The least length in characters.
    pub min: usize,
    /// The greatest length in characters.
    pub max: usize,
}

/// An automatic answer.
#[derive(Debug, Clone)]
pub struct Reflex {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// The kinds that trigger it.
    pub when: Vec<Word>,
    /// The kind that is sent.
    pub send: Word,
    /// Its fields.
    pub with: Vec<(String, Expression, Span)>,
    /// How long after the arrival.
    pub delay: Option<Quantity>,
    /// Where a datagram goes, if not back to the sender.
    pub to: Option<Expression>,
}

/// How silence is proven: a probe along the same path.
#[derive(Debug, Clone)]
pub struct Fence {
    /// Where it stands.
    pub span: Span,
    /// The mark of actors that take part.
    pub who: String,
    /// The rule that is broken when probes do not come back on a server where nothing else is wrong.
    pub rule: Node,
    /// What the prober sends.
    pub send: Send,
    /// What comes back to the prober, in any order.
    pub own: Vec<Pattern>,
    /// What comes to every other marked actor.
    pub others: Vec<Pattern>,
    /// How long is waited where fences do not work.
    pub fallback: Duration,
    /// Steps that bring the fresh actors `x` and `y` into the fence's state.
    pub control: Vec<Step>,
}

/// What an unexpected message breaks.
#[derive(Debug, Clone)]
pub struct Stray {
    /// Which messages.
    pub pattern: Pattern,
    /// The rule.
    pub rule: Node,
    /// Record it and go on, so that one known fault does not fail every scenario.
    pub absorb: bool,
    /// Only where no message is waited for.
    pub unasked: bool,
}

/// What holds for every message of a kind.
#[derive(Debug, Clone)]
pub struct Always {
    /// The kind and what its fields must be.
    pub pattern: Pattern,
    /// The rule that it breaks otherwise.
    pub rule: Node,
}

/// Steps with a name.
#[derive(Debug, Clone)]
pub struct Macro {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// Its arguments and whether each names an actor.
    pub args: Vec<(String, bool)>,
    /// The rule that is broken when a step fails that names none.
    pub rule: Option<Node>,
    /// The steps.
    pub steps: Vec<Step>,
}
