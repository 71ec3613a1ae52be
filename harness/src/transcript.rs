//! What really happened in one scenario: the events on every socket and of the program under test.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::source::Span;
use crate::wire::{Direction, Message};

/// How many events are kept of one scenario; beyond that the middle is dropped.
pub const MAX_EVENTS: usize = 2_000;

/// How many of the first events are always kept.
const KEPT_FROM_START: usize = 500;

/// How many bytes of one message are kept.
pub const MAX_EVENT_BYTES: usize = 4_096;

/// How many bytes of messages are kept of the first events, and as many of the others: a program
/// that floods must not cost more than that.
const MAX_WEIGHT: usize = 512 * 1024;

/// The events of one scenario in the order in which the harness saw them.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    first: Vec<Event>,
    first_weight: usize,
    last: VecDeque<Event>,
    last_weight: usize,
    dropped: usize,
    count: usize,
    turns: usize,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its number within the scenario, from 1.
    pub number: usize,
    /// When, counted from the start of the scenario.
    pub at: Duration,
    /// Whose connection it was; `None` for the program under test and remarks.
    pub actor: Option<Arc<str>>,
    /// The step that did it or that consumed it.
    pub step: Option<Span>,
    /// When a step did it or consumed it, in the order of the steps; `None` for what no step
    /// decided. What comes early waits for its step, so this order is the same in every run.
    pub turn: Option<Turn>,
    /// What happened.
    pub what: What,
}

/// A place in the order of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// The turn at which the block of free order began; for all others their own number.
    pub block: usize,
    /// Which branch of that block, from 0; for all others 0.
    pub branch: usize,
    /// The turn's own number within the scenario, from 1; what one step takes several times in any
    /// order has the number of the first.
    pub number: usize,
}

/// The kinds of events.
#[derive(Debug, Clone)]
pub enum What {
    /// An actor's connection is there.
    Connected {
        /// The harness's side.
        local: Option<SocketAddr>,
        /// The program's side.
        peer: Option<SocketAddr>,
    },
    /// The harness wrote bytes.
    Sent {
        /// Which way they go in the protocol's terms.
        direction: Direction,
        /// What they mean, when they are one message as described.
        message: Option<Message>,
        /// The bytes.
        bytes: Bytes,
        /// Why they were sent.
        cause: Cause,
    },
    /// A whole message came.
    Received {
        /// Which way it went.
        direction: Direction,
        /// What it means.
        message: Arc<Message>,
        /// Its bytes.
        bytes: Bytes,
        /// What became of it.
        use_: Use,
    },
    /// Bytes came that are no message; nothing behind them can be understood.
    Malformed {
        /// Which way they went.
        direction: Direction,
        /// The bytes from the start of the supposed message.
        bytes: Bytes,
        /// Where in them and why.
        reason: String,
    },
    /// A message had begun and did not end in time, or not before the end of the connection.
    Unfinished {
        /// Which way it went.
        direction: Direction,
        /// What came of it.
        bytes: Bytes,
        /// What is missing, in words.
        missing: String,
    },
    /// The program under test ended the connection.
    Ended(End),
    /// The harness ended the connection or one half of it.
    Closed(Close),
    /// Writing failed; what was received before stays readable.
    WriteFailed(String),
    /// No connection could be made.
    ConnectFailed(String),
    /// The program under test was started.
    Started {
        /// The command line or a name for it.
        command: String,
    },
    /// A signal was sent to it.
    Signalled {
        /// Its name.
        signal: String,
    },
    /// It ended.
    Exited {
        /// Its exit status in words: `exit status: 0`, `signal: 9 (SIGKILL)`.
        status: String,
    },
    /// It was given this on its standard input.
    Typed(String),
    /// It printed a line.
    Output {
        /// On its standard error rather than on its standard output.
        stderr: bool,
        /// The text, not yet made safe for a terminal.
        text: String,
    },
    /// A remark of the harness.
    Note(String),
}

/// Why the harness sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A step says so.
    Step,
    /// An automatic answer.
    Reflex,
    /// A probe that proves silence.
    Fence,
}

/// What became of a received message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// Nobody looked at it (yet).
    Unread,
    /// It matched a step.
    Matched,
    /// It is what a step complains about.
    Blamed,
    /// Its kind is ignored here.
    Ignored,
    /// It belongs to a fence.
    Fence,
    /// It concerns users that are not of this scenario.
    Ambient,
}

/// How the program under test ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// End of stream (FIN).
    EndOfStream,
    /// Reset (RST).
    Reset,
}

/// How the harness ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// Shuts down writing, reads to the end, closes.
    Fin,
    /// Shuts down writing and goes on reading.
    Write,
    /// Resets.
    Reset,
}

/// Bytes of an event, the first [`MAX_EVENT_BYTES`] of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes {
    /// The bytes that were kept.
    pub kept: Vec<u8>,
    /// How many there were.
    pub total: usize,
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        if bytes.len() > MAX_EVENT_BYTES {
            return bytes.as_slice().into();
        }
        Self {
            total: bytes.len(),
            kept: bytes,
        }
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self {
            kept: bytes[..bytes.len().min(MAX_EVENT_BYTES)].to_vec(),
            total: bytes.len(),
        }
    }
}

impl Event {
    /// About how many bytes of messages and text it holds. What became of it does not change that.
    fn weight(&self) -> usize {
        match &self.what {
            What::Received { bytes, .. } | What::Sent { bytes, .. } => {
                bytes.kept.len() + bytes.total
            }
            What::Malformed { bytes, .. } | What::Unfinished { bytes, .. } => bytes.kept.len(),
            What::Output { text, .. } => text.len(),
            _ => 0,
        }
    }
}

impl Transcript {
    /// Adds an event and gives its number.
    pub fn add(
        &mut self,
        at: Duration,
        actor: Option<Arc<str>>,
        step: Option<Span>,
        what: What,
    ) -> usize {
        self.count += 1;
        let by_step = match &what {
            What::Sent { cause, .. } => *cause == Cause::Step,
            What::Closed(_) => step.is_some(),
            _ => false,
        };
        let event = Event {
            number: self.count,
            at,
            actor,
            step,
            turn: by_step.then(|| self.next_turn()),
            what,
        };
        let still_first = self.last.is_empty() && self.dropped == 0;
        if still_first && self.first.len() < KEPT_FROM_START && self.first_weight < MAX_WEIGHT {
            self.first_weight += event.weight();
            self.first.push(event);
            return self.count;
        }
        self.last_weight += event.weight();
        self.last.push_back(event);
        while self.last.len() > MAX_EVENTS - KEPT_FROM_START || self.last_weight > MAX_WEIGHT {
            // The newest is kept however great it is.
            if self.last.len() == 1 {
                break;
            }
            let oldest = self.last.pop_front();
            self.last_weight -= oldest.map_or(0, |event| event.weight());
            self.dropped += 1;
        }
        self.count
    }

    fn next_turn(&mut self) -> Turn {
        self.turns += 1;
        Turn {
            block: self.turns,
            branch: 0,
            number: self.turns,
        }
    }

    /// How many turns there were: where a block of free order or an attempt begins.
    pub fn turns(&self) -> usize {
        self.turns
    }

    /// Says that an event belongs to a branch of the block of free order that began when there
    /// were `block` [`turns`](Self::turns): its branch counts, not when it came.
    pub fn set_branch(&mut self, number: usize, block: usize, branch: usize) {
        if let Some(turn) = self.get_mut(number).and_then(|event| event.turn.as_mut()) {
            turn.block = block + 1;
            turn.branch = branch;
        }
    }

    /// Says that an event was taken by a step that takes several in any order, the first of which
    /// had the turn `first`.
    pub fn share_turn(&mut self, number: usize, first: usize) {
        if let Some(turn) = self.get_mut(number).and_then(|event| event.turn.as_mut()) {
            turn.block = first;
            turn.number = first;
        }
    }

    /// Says that an event has no place in the order of the steps: it may be there or not.
    pub fn forget_turn(&mut self, number: usize) {
        if let Some(event) = self.get_mut(number) {
            event.turn = None;
        }
    }

    /// Takes back the turns since there were `since` of them: an attempt failed and another
    /// follows, and how many there are is free.
    pub fn forget_turns(&mut self, since: usize) {
        for event in self.first.iter_mut().chain(&mut self.last) {
            if event.turn.is_some_and(|turn| turn.number > since) {
                event.turn = None;
            }
        }
    }

    /// Says what became of a received message or of the end of a connection, and which step used
    /// it. With a step that matches or complains, this is the event's turn.
    pub fn set_use(&mut self, number: usize, new: Use, step: Option<&Span>) {
        let by_step = step.is_some() && matches!(new, Use::Matched | Use::Blamed);
        let turn = by_step.then(|| self.next_turn());
        if let Some(event) = self.get_mut(number) {
            event.turn = turn.or(event.turn);
            if let What::Received { use_, .. } = &mut event.what {
                *use_ = new;
            }
            if let Some(step) = step {
                event.step = Some(step.clone());
            }
        }
    }

    /// The event with this number, if it was kept.
    pub fn get(&self, number: usize) -> Option<&Event> {
        match self.position(number)? {
            (true, at) => self.first.get(at),
            (false, at) => self.last.get(at),
        }
    }

    fn get_mut(&mut self, number: usize) -> Option<&mut Event> {
        match self.position(number)? {
            (true, at) => self.first.get_mut(at),
            (false, at) => self.last.get_mut(at),
        }
    }

    fn position(&self, number: usize) -> Option<(bool, usize)> {
        let index = number.checked_sub(1)?;
        if index < self.first.len() {
            return Some((true, index));
        }
        Some((false, index.checked_sub(self.first.len() + self.dropped)?))
    }

    /// The kept events in order.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.first.iter().chain(&self.last)
    }

    /// How many events happened, kept or not.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True when nothing happened.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many events between the first and the last kept ones were dropped.
    pub fn dropped(&self) -> usize {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_the_steps_and_not_the_arrival() {
        let step = Span {
            file: Arc::new(crate::source::SourceFile {
                path: "t.yaml".into(),
                text: String::new(),
            }),
            start: 0,
            end: 0,
            line: 1,
            column: 1,
        };
        let mut transcript = Transcript::default();
        let add = |transcript: &mut Transcript| {
            transcript.add(Duration::ZERO, None, None, What::Ended(End::Reset))
        };
        let (early, late, lost) = (
            add(&mut transcript),
            add(&mut transcript),
            add(&mut transcript),
        );
        let block = transcript.turns();
        transcript.set_use(late, Use::Matched, Some(&step));
        transcript.set_use(early, Use::Matched, Some(&step));
        let turn = |transcript: &Transcript, number| transcript.get(number).unwrap().turn;
        assert!(turn(&transcript, late) < turn(&transcript, early));
        transcript.set_branch(late, block, 1);
        transcript.set_branch(early, block, 0);
        assert!(turn(&transcript, early) < turn(&transcript, late));
        let attempt = transcript.turns();
        transcript.set_use(lost, Use::Matched, Some(&step));
        transcript.forget_turns(attempt);
        assert_eq!(turn(&transcript, lost), None);
        assert!(turn(&transcript, late).is_some());
    }

    #[test]
    fn the_middle_of_a_long_story_is_dropped() {
        let mut transcript = Transcript::default();
        for index in 0..MAX_EVENTS + 10 {
            transcript.add(Duration::ZERO, None, None, What::Note(index.to_string()));
        }
        assert_eq!(transcript.len(), MAX_EVENTS + 10);
        assert_eq!(transcript.dropped(), 10);
        assert_eq!(transcript.events().count(), MAX_EVENTS);
        let last = transcript.get(MAX_EVENTS + 10).unwrap();
        assert!(matches!(&last.what, What::Note(text) if *text == (MAX_EVENTS + 9).to_string()));
        assert!(transcript.get(KEPT_FROM_START + 1).is_none());
        assert_eq!(
            transcript.get(KEPT_FROM_START + 11).unwrap().number,
            KEPT_FROM_START + 11
        );
    }
}
