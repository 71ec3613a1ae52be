//! Scenarios ready to run: codecs compiled, macros expanded, every name resolved. Whatever is wrong
//! with a file is found here, before anything is sent.

mod datagrams;
mod lacking;
mod load;
mod protocol;
mod scenario;
mod scope;
mod steps;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use load::{Described, Selection, describe, load};
pub use scenario::{CLIENT_PORT, PROGRAM};
pub use steps::count_of;

use crate::matching::{Check, Expr, Pattern};
use crate::protocol::{Names, Transport};
use crate::scenario::{Channel, Order, Quantity, Stream, SubjectWord, Times};
use crate::source::Span;
use crate::transcript::Close;
use crate::verdict::{Rule, Rules, ScenarioId};
use crate::wire::{Codec, Direction};

/// The scenarios of one protocol.
#[derive(Debug)]
pub struct Suite {
    /// The protocol, in the chosen dialect.
    pub protocol: Arc<ProtocolPlan>,
    /// The same where a client program is judged, if its file says how.
    pub for_clients: Option<Arc<ProtocolPlan>>,
    /// Its selected scenarios in file order, one entry for each variant.
    pub scenarios: Vec<Arc<ScenarioPlan>>,
}

impl Suite {
    /// The protocol as a scenario needs it.
    pub fn protocol_of(&self, scenario: &ScenarioPlan) -> &Arc<ProtocolPlan> {
        match (scenario.subject, &self.for_clients) {
            (SubjectWord::Client, Some(protocol)) => protocol,
            _ => &self.protocol,
        }
    }
}

/// A protocol in one dialect, ready to use.
#[derive(Debug)]
pub struct ProtocolPlan {
    /// Which program is judged; the harness plays the other side.
    pub subject: SubjectWord,
    /// Its name.
    pub name: Arc<str>,
    /// Its title.
    pub title: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The chosen dialect.
    pub dialect: Arc<str>,
    /// True when that is what the protocol file itself describes.
    pub default_dialect: bool,
    /// How messages travel.
    pub transport: Transport,
    /// The port of its document.
    pub default_port: Option<u16>,
    /// What messages look like.
    pub codec: Arc<Codec>,
    /// What they look like without the dialect, when one was chosen.
    pub own_codec: Option<Arc<Codec>>,
    /// Its rules.
    pub rules: Rules,
    /// Its parameters.
    pub params: BTreeMap<Arc<str>, ParamPlan>,
    /// How names are generated.
    pub names: Names,
    /// Kinds that are skipped unless judged.
    pub ignore: Vec<Arc<str>>,
    /// Messages that are skipped unless their kind is judged.
    pub ignore_some: Vec<Pattern>,
    /// Automatic answers.
    pub reflexes: Vec<ReflexPlan>,
    /// How silence is proven.
    pub fence: Option<FencePlan>,
    /// A scenario of its own that tells whether a server speaks this protocol.
    pub probe: Option<Arc<ScenarioPlan>>,
    /// What unexpected messages break.
    pub stray: Vec<StrayPlan>,
    /// What holds for every message of a kind.
    pub always: Vec<StrayPlan>,
    /// Broken by a program that dies.
    pub crash: Arc<Rule>,
    /// Broken by bytes that are no message.
    pub broken: Arc<Rule>,
    /// The pause between two sends of the fake clients.
    pub pace: Duration,
    /// Kinds whose field names the user that they concern.
    pub ambient: Vec<(Arc<str>, Arc<str>)>,
    /// How long a `recv` waits when it does not say so.
    pub deadline: Duration,
}

impl ProtocolPlan {
    /// Which way the actors of the harness send.
    pub fn sends(&self) -> Direction {
        match self.subject {
            SubjectWord::Server => Direction::ToServer,
            SubjectWord::Client => Direction::ToClient,
        }
    }

    /// Which way the program under test sends.
    pub fn receives(&self) -> Direction {
        self.sends().reversed()
    }

    /// The program under test, in a word.
    pub fn subject_word(&self) -> &'static str {
        match self.subject {
            SubjectWord::Server => "server",
            SubjectWord::Client => "client",
        }
    }
}

/// A parameter with its value.
#[derive(Debug, Clone)]
pub struct ParamPlan {
    /// The value, if it has one.
    pub value: Option<String>,
    /// Whether the user gave it.
    pub given: bool,
    /// A program that cannot be told another value has this one.
    pub assumed: bool,
    /// What it is.
    pub about: String,
}

/// An automatic answer.
#[derive(Debug)]
pub struct ReflexPlan {
    /// Its name.
    pub name: Arc<str>,
    /// The kinds that trigger it.
    pub when: Vec<Arc<str>>,
    /// The kind that is sent.
    pub send: Arc<str>,
    /// Its fields.
    pub with: Vec<(String, Expr)>,
    /// How long after the arrival.
    pub delay: Option<Quantity>,
    /// Where a datagram goes, if not back to the sender.
    pub to: Option<Expr>,
}

/// How silence is proven.
#[derive(Debug)]
pub struct FencePlan {
    /// Where it stands.
    pub span: Span,
    /// The mark of actors that take part.
    pub who: Arc<str>,
    /// Broken when probes do not come back although nothing else is wrong.
    pub rule: Arc<Rule>,
    /// What the prober sends.
    pub probe: PayloadPlan,
    /// What comes back to the prober, in any order.
    pub own: Vec<Pattern>,
    /// What comes to every other marked actor.
    pub others: Vec<Pattern>,
    /// How long is waited where fences do not work.
    pub fallback: Duration,
    /// A scenario of its own that tells whether fences work on a target.
    pub control: Option<Arc<ScenarioPlan>>,
}

/// A kind of message and the rule that it breaks.
#[derive(Debug)]
pub struct StrayPlan {
    /// Which messages.
    pub pattern: Pattern,
    /// The rule.
    pub rule: Arc<Rule>,
    /// Record it and go on.
    pub absorb: bool,
    /// Only where no message is waited for.
    pub unasked: bool,
}

/// Something that a dialect says is never sent, and what that breaks.
#[derive(Debug, Clone)]
pub struct LackPlan {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The message or field, in words.
    pub what: String,
    /// Where the dialect says so.
    pub span: Span,
}

/// One scenario (one variant of it).
#[derive(Debug)]
pub struct ScenarioPlan {
    /// What names it.
    pub id: ScenarioId,
    /// The rules that it is about; the first is blamed by default.
    pub rules: Vec<Arc<Rule>>,
    /// Which program is judged.
    pub subject: SubjectWord,
    /// A failure is inconclusive when strangers were on the server.
    pub needs_alone: bool,
    /// The server must be ours: it is signalled, killed or restarted, or its output is looked at.
    pub needs_own_server: bool,
    /// The server's log file must be known.
    pub needs_log: bool,
    /// Parameters that a server of our own is started with.
    pub params: Vec<(Arc<str>, String)>,
    /// Why it does not apply in this dialect.
    pub not_here: Option<String>,
    /// What it needs and the dialect says is never sent.
    pub lacks: Option<LackPlan>,
    /// The pause between two sends.
    pub pace: Duration,
    /// Its transcript is the same in every run, and is compared with its snapshot.
    pub snapshot: bool,
    /// The client program, where one is judged.
    pub program: Option<ProgramPlan>,
    /// The actors; members of a crowd one by one.
    pub actors: Vec<ActorPlan>,
    /// The words of the scenario for one or more actors.
    pub groups: Vec<GroupPlan>,
    /// How often it runs.
    pub runs: usize,
    /// Steps before the judged ones.
    pub setup: Vec<StepPlan>,
    /// The judged steps.
    pub steps: Vec<StepPlan>,
}

/// One actor.
#[derive(Debug)]
pub struct ActorPlan {
    /// What it is called in the scenario: `alice`, `crowd.3`.
    pub label: Arc<str>,
    /// How its name on the wire is made.
    pub wire_name: WireName,
    /// Of a peer of a client program: connections to it are refused.
    pub refuses: bool,
}

/// How a client program is started.
#[derive(Debug)]
pub struct ProgramPlan {
    /// How its name on the wire is made.
    pub wire_name: WireName,
    /// The actor whose address it is told.
    pub to: usize,
    /// The host that it is told instead.
    pub host: Option<Expr>,
    /// The port that it is told instead.
    pub port: Option<Expr>,
    /// The port of its own that it is told instead.
    pub client_port: Option<Expr>,
    /// What its standard input is.
    pub stdin: Channel,
    /// What its standard output is.
    pub stdout: Channel,
    /// The kind of terminal that it is told.
    pub term: String,
}

/// How an actor's name on the wire is made.
#[derive(Debug, Clone)]
pub enum WireName {
    /// Generated, of a length that no other actor's has.
    Generated,
    /// Generated, as long as that of another actor.
    SameLengthAs(usize),
    /// Fixed.
    Fixed(Expr),
}

/// A word for one or more actors.
#[derive(Debug)]
pub struct GroupPlan {
    /// The word.
    pub name: Arc<str>,
    /// The actors' indices.
    pub members: std::ops::Range<usize>,
}

/// Who does a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The members of a group, one after the other.
    Group(usize),
    /// Every actor of the scenario.
    All,
}

/// One step.
#[derive(Debug)]
pub struct StepPlan {
    /// Where it stands and whom it blames.
    pub place: Arc<StepPlace>,
    /// What it does.
    pub kind: StepPlanKind,
}

/// Where a step stands and which rules it checks.
#[derive(Debug, Clone)]
pub struct StepPlace {
    /// Where it stands: in the scenario or in a macro.
    pub span: Span,
    /// Where the scenario used the macro.
    pub used_at: Option<Span>,
    /// The rules that it names itself.
    pub rules: Vec<Arc<Rule>>,
    /// The rule of the macro that it stands in.
    pub macro_rule: Option<Arc<Rule>>,
}

/// The kinds of steps.
#[derive(Debug)]
pub enum StepPlanKind {
    /// An actor does something.
    Act(Who, ActPlan),
    /// An actor expects something.
    Observe(Who, ObservePlan),
    /// Probes that prove silence; `None` means all marked actors probe.
    Fence(Option<Vec<usize>>),
    /// Writes back to back.
    Together(Vec<StepPlan>),
    /// Branches in any order.
    AnyOrder(Vec<Vec<StepPlan>>),
    /// The first branch that fits.
    Either(Vec<Vec<StepPlan>>),
    /// Repeated, with a variable that counts from 1.
    Repeat(Expr, Option<Arc<str>>, Vec<StepPlan>),
    /// Tried until it holds.
    Eventually {
        /// How long it is tried.
        within: Quantity,
        /// The pause between attempts.
        every: Quantity,
        /// What must hold.
        steps: Vec<StepPlan>,
    },
    /// Something about the program under test.
    Server(ServerPlan),
    /// Checks of captured values.
    Expect(Vec<(Quantity, Check, Span)>),
    /// A pause.
    Pause(Quantity),
    /// A group of steps.
    Group(Vec<StepPlan>),
}

/// What an actor does.
#[derive(Debug)]
pub enum ActPlan {
    /// Connects.
    Connect {
        /// Anew, whatever was before.
        fresh: bool,
    },
    /// Sends.
    Send(Box<SendPlan>),
    /// Watches for a message that must not come before the next fence.
    Never(Arc<Pattern>),
    /// The program under test has not ended the connection.
    Open,
    /// Ends the connection, or one half of it.
    Close(Close, Option<Arc<str>>),
    /// Which automatic answers are on, by index.
    Reflexes(Vec<usize>),
    /// Kinds that are skipped from here on.
    Ignore(Vec<Arc<str>>),
    /// Kinds that are judged from here on.
    Judge(Vec<Arc<str>>),
    /// Variables and marks.
    Set(Vec<(String, Expr)>),
    /// Whether the actor reads.
    Reading(bool),
    /// Size of the socket's receive buffer in bytes.
    ReceiveBuffer(u32),
    /// What becomes of the datagrams that the actor sends from here on.
    Network {
        /// How often each goes out; 0 loses it.
        copies: Option<usize>,
    },
}

/// What is sent, and how.
#[derive(Debug)]
pub struct SendPlan {
    /// One behind the other, in one write.
    pub parts: Vec<PartPlan>,
    /// Sizes of the pieces; the last repeats, `None` is the rest.
    pub chunks: Vec<Option<usize>>,
    /// The pause between pieces.
    pub gap: Option<Quantity>,
    /// Only so many bytes from the start.
    pub first: Option<usize>,
    /// So many bytes were written before and are left out.
    pub skip: Option<usize>,
    /// Names the end of the write.
    pub mark: Option<Arc<str>>,
    /// For datagrams: the socket that they go out from; else the kind's.
    pub via: Option<Arc<str>>,
    /// For datagrams: where they go; else to the server.
    pub to: Option<ToPlan>,
    /// For datagrams: how often each goes out; else as the actor does.
    pub copies: Option<usize>,
    /// For datagrams: in which order.
    pub order: Order,
}

/// Where a datagram goes.
#[derive(Debug)]
pub enum ToPlan {
    /// To the main socket of the actor of this group, of a crowd's own member or first one.
    Actor(usize),
    /// To an address.
    Address(Expr),
}

/// One part of a write.
#[derive(Debug)]
pub struct PartPlan {
    /// Repeated this often, with a variable that counts from 1.
    pub repeat: Option<(Expr, Option<Arc<str>>)>,
    /// What is sent.
    pub payload: PayloadPlan,
}

/// Bytes or a message.
#[derive(Debug)]
pub enum PayloadPlan {
    /// A message.
    Message {
        /// Its kind.
        kind: Arc<str>,
        /// Its fields.
        with: Vec<(String, Expr)>,
        /// Lengths and layout fields bent to other values.
        bend: Vec<(String, Expr)>,
    },
    /// Bytes.
    Raw(Expr),
}

/// What an actor expects.
#[derive(Debug)]
pub enum ObservePlan {
    /// Messages.
    Recv(Box<RecvPlan>),
    /// No judged message for this long.
    Silence(Quantity),
    /// The end of the connection.
    Closed {
        /// When.
        window: WindowPlan,
        /// Names the moment.
        mark: Option<Arc<str>>,
    },
}

/// Expected messages.
#[derive(Debug)]
pub struct RecvPlan {
    /// What they are like.
    pub pattern: Pattern,
    /// When.
    pub window: WindowPlan,
    /// How many.
    pub times: Times,
    /// Captured: field, variable.
    pub save: Vec<(Arc<str>, Variable)>,
    /// Collected over several messages: field, variable.
    pub gather: Vec<(Arc<str>, Variable)>,
    /// Names the moment of arrival.
    pub mark: Option<Arc<str>>,
    /// For datagrams: the socket to which they come.
    pub at: Option<Arc<str>>,
}

/// Where a captured value is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// `name`: for all steps of the scenario.
    Shared(Arc<str>),
    /// `$self.name`: for the actor that received it; each member of a crowd has its own.
    Own(Arc<str>),
}

/// When something must happen.
#[derive(Debug, Clone, Default)]
pub struct WindowPlan {
    /// The mark that times count from; else the last action.
    pub since: Option<Arc<str>>,
    /// Not earlier than this.
    pub after: Option<Quantity>,
    /// Not later than this.
    pub within: Option<Quantity>,
}

/// Something about the program under test.
#[derive(Debug)]
pub enum ServerPlan {
    /// Gives it something on its standard input.
    Type {
        /// One after the other.
        texts: Vec<Expr>,
        /// Each is a line, and gets its end.
        lines: bool,
        /// Names the moment.
        mark: Option<Arc<str>>,
    },
    /// Ends its standard input.
    CloseInput(Option<Arc<str>>),
    /// From here on its end is no surprise.
    MayEnd,
    /// A signal to its process group.
    Signal(Expr, Option<Arc<str>>),
    /// It is killed.
    Kill,
    /// It is stopped if it runs, and started again on the same address.
    Restart,
    /// It ends.
    Exit {
        /// When.
        window: WindowPlan,
        /// The exit status.
        status: Option<Check>,
    },
    /// It prints a line.
    Prints {
        /// Where.
        stream: Stream,
        /// What.
        text: Check,
        /// When.
        window: WindowPlan,
        /// Must not be printed.
        never: bool,
    },
}
