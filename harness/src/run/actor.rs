//! What the harness plays: one fake client with its connection, its inbox and what it was told.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::time::Instant;

use super::client::Door;
use super::session::Session;
use super::sockets::Opened;
use crate::matching::Pattern;
use crate::plan::{ProtocolPlan, StepPlace};
use crate::transcript::{Close, End};
use crate::wire::{Message, Value};

/// How much an inbox may hold before reading stops, in bytes of messages and overhead.
const MAX_INBOX: usize = 512 * 1024;

/// What a message costs in an inbox besides its bytes.
const ITEM_OVERHEAD: usize = 256;

pub(super) struct Actor {
    pub label: Arc<str>,
    /// The name on the wire.
    pub name: String,
    pub variables: HashMap<String, Value>,
    pub session: Option<Session>,
    /// The actor that this is a socket of; its own place for the actor itself.
    pub owner: usize,
    /// Its own address, where messages are datagrams.
    pub local: Option<SocketAddr>,
    /// Where it waits for connections of a client program.
    pub door: Option<Door>,
    /// Its other sockets.
    pub sockets: Vec<Opened>,
    /// The socket from which the last request went out.
    pub last_request: Option<usize>,
    /// How often each of its datagrams goes out.
    pub copies: Option<usize>,
    pub inbox: VecDeque<Item>,
    inbox_weight: usize,
    /// When what a step took last had come.
    pub last_taken: Option<Instant>,
    pub ignored: Vec<Arc<str>>,
    /// Kinds of which nothing is ignored, whatever the protocol says.
    pub judged: Vec<Arc<str>>,
    /// Which reflexes are on.
    pub reflexes: Vec<bool>,
    /// Answers that wait for their time.
    pub due: VecDeque<Due>,
    /// A message is being written in pieces: answers wait, or they would stand inside it.
    pub mid_message: bool,
    /// Messages that a switched-off reflex would have answered, and nobody has.
    pub unanswered: usize,
    pub never: Vec<Never>,
    pub reading: bool,
    pub receive_buffer: Option<u32>,
    /// How the peer ended the connection.
    pub ended: Option<End>,
    /// A step has expected that end.
    pub end_expected: bool,
    /// How the actor itself ended it.
    pub closed: Option<Close>,
    /// Fences whose message this actor has seen.
    pub fences_seen: Vec<usize>,
}

/// Something that came and that no step has taken yet.
pub(super) struct Item {
    pub at: Instant,
    /// The number of its event.
    pub event: usize,
    pub what: ItemKind,
    /// Who sent it, where that can differ.
    pub source: Option<SocketAddr>,
    weight: usize,
    /// `never` and `always` have looked at it.
    pub checked: bool,
    /// A step has complained about it and gone on: it is not blamed a second time as a stray one.
    pub blamed: bool,
}

pub(super) enum ItemKind {
    Message(Arc<Message>),
    Malformed { offset: usize, reason: String },
    Unfinished { missing: String },
    Ended(End),
}

/// An automatic answer that waits for its time.
pub(super) struct Due {
    pub at: Instant,
    pub bytes: Vec<u8>,
    pub message: Option<Message>,
    /// Where a datagram goes; to the server otherwise.
    pub to: Option<SocketAddr>,
}

/// A message that must not come.
pub(super) struct Never {
    pub pattern: Arc<Pattern>,
    /// Variables as they were when it was forbidden: a loop goes on.
    pub locals: Vec<(Arc<str>, Value)>,
    pub place: Arc<StepPlace>,
}

impl Item {
    /// Something that has just come; `size` is that of its bytes.
    pub(super) fn new(at: Instant, event: usize, size: usize, what: ItemKind) -> Self {
        Self {
            at,
            event,
            what,
            source: None,
            weight: size + ITEM_OVERHEAD,
            checked: false,
            blamed: false,
        }
    }
}

impl Actor {
    pub(super) fn new(label: Arc<str>, name: String, protocol: &ProtocolPlan) -> Self {
        Self {
            label,
            name,
            variables: HashMap::new(),
            session: None,
            owner: 0,
            local: None,
            door: None,
            sockets: Vec::new(),
            last_request: None,
            copies: None,
            inbox: VecDeque::new(),
            inbox_weight: 0,
            last_taken: None,
            ignored: protocol.ignore.clone(),
            judged: Vec::new(),
            reflexes: vec![true; protocol.reflexes.len()],
            due: VecDeque::new(),
            mid_message: false,
            unanswered: 0,
            never: Vec::new(),
            reading: true,
            receive_buffer: None,
            ended: None,
            end_expected: false,
            closed: None,
            fences_seen: Vec::new(),
        }
    }

    pub(super) fn put(&mut self, item: Item) {
        self.inbox_weight += item.weight;
        self.inbox.push_back(item);
    }

    /// Brings an item to the front of the inbox: where the order is free, that changes nothing.
    pub(super) fn bring_forward(&mut self, at: usize) {
        if let Some(item) = self.inbox.remove(at) {
            self.inbox.push_front(item);
        }
    }

    /// Whether there is something that nobody has looked at. In an inbox without order, what was
    /// looked at waits for whoever wants it.
    pub(super) fn has_news(&self) -> bool {
        if self.is_unordered() {
            return self.inbox.iter().any(|item| !item.checked);
        }
        !self.inbox.is_empty()
    }

    /// Whether the order in the inbox is free.
    pub(super) fn is_unordered(&self) -> bool {
        let unordered = |session: &Session| session.is_unordered();
        let has_sockets = self.local.is_some() && self.door.is_none();
        self.session.as_ref().is_some_and(unordered) || has_sockets
    }

    /// Takes the next item out; true when there is room again where there was none.
    pub(super) fn pop(&mut self) -> (Option<Item>, bool) {
        let was_full = self.is_full();
        let item = self.inbox.pop_front();
        if let Some(item) = &item {
            self.inbox_weight -= item.weight;
        }
        (item, was_full && !self.is_full())
    }

    pub(super) fn is_full(&self) -> bool {
        self.inbox_weight >= MAX_INBOX
    }

    /// Forgets what came on an earlier connection.
    pub(super) fn begin_connection(&mut self, session: Session) {
        self.forget_connection();
        self.session = Some(session);
    }

    /// The earlier connection is gone with everything that came on it.
    pub(super) fn forget_connection(&mut self) {
        self.session = None;
        self.inbox.clear();
        self.inbox_weight = 0;
        self.due.clear();
        self.unanswered = 0;
        self.ended = None;
        self.end_expected = false;
        self.closed = None;
        self.fences_seen.clear();
    }

    /// Whether the connection is there and neither side has ended it.
    pub(super) fn is_open(&self) -> bool {
        self.session.is_some() && self.ended.is_none() && self.closed.is_none()
    }

    pub(super) fn has_mark(&self, mark: &str) -> bool {
        self.variables.get(mark) == Some(&Value::Bool(true))
    }

    /// Whether messages of a kind are skipped, whatever their fields say.
    pub(super) fn ignores(&self, kind: &str) -> bool {
        self.ignored.iter().any(|ignored| **ignored == *kind)
    }

    /// Whether every message of a kind counts.
    pub(super) fn judges(&self, kind: &str) -> bool {
        self.judged.iter().any(|judged| **judged == *kind)
    }

    /// When the next automatic answer is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let next = self.due.front().filter(|_| !self.mid_message);
        next.map(|due| due.at)
    }
}
