//! What the harness plays: one fake client with its connection, its inbox and what it was told.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::session::Session;
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
    weight: usize,
    /// `never` and `always` have looked at it.
    pub checked: bool,
}

pub(super) enum ItemKind {
    Message(Message),
    Malformed { offset: usize, reason: String },
    Unfinished { missing: String },
    Ended(End),
}

/// An automatic answer that waits for its time.
pub(super) struct Due {
    pub at: Instant,
    pub bytes: Vec<u8>,
    pub message: Option<Message>,
}

/// A message that must not come.
pub(super) struct Never {
    pub pattern: Arc<Pattern>,
    /// Variables as they were when it was forbidden: a loop goes on.
    pub locals: Vec<(Arc<str>, Value)>,
    pub place: Arc<StepPlace>,
}

impl Actor {
    pub(super) fn new(label: Arc<str>, name: String, protocol: &ProtocolPlan) -> Self {
        Self {
            label,
            name,
            variables: HashMap::new(),
            session: None,
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

    pub(super) fn put(&mut self, at: Instant, event: usize, bytes: usize, what: ItemKind) {
        let weight = bytes + ITEM_OVERHEAD;
        self.inbox_weight += weight;
        self.inbox.push_back(Item {
            at,
            event,
            what,
            weight,
            checked: false,
        });
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
