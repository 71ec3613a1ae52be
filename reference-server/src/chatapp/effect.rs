//! What follows from a request: what is to be kept, and what is to be sent.

use std::net::SocketAddr;
use std::sync::Arc;

use reference_codecs::chatapp::Kind;

use super::mailboxes::Text;
use super::users::{User, UserId};

/// What the database has to keep before anybody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// A user is new, or is now like this.
    User { id: UserId, user: User },
    /// A text is new; it waits for nobody yet.
    Text(Arc<Text>),
    /// A text waits, or would have to if its reader did not acknowledge it.
    Waits { text: u64, reader: UserId },
    /// A text has reached its reader.
    Reached { text: u64, reader: UserId },
}

/// Who has asked for something, and which of the recent requests it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Requester {
    pub(super) address: SocketAddr,
    pub(super) number: u64,
}

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// The answer to a request, as one or several datagrams.
    Answer {
        requester: Requester,
        parts: Vec<Vec<u8>>,
    },
    /// Something that nobody answers.
    Tell { to: SocketAddr, parts: Vec<Vec<u8>> },
    /// Something that must be answered in time.
    Ask(Question),
}

impl Effect {
    /// How many bytes it holds.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Answer { parts, .. } | Self::Tell { parts, .. } => {
                parts.iter().map(Vec::len).sum()
            }
            Self::Ask(question) => question.bytes.len(),
        }
    }
}

/// A question to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) user: UserId,
    /// The registration that is asked, not one that comes later.
    pub(super) session: u64,
    pub(super) target: SocketAddr,
    pub(super) bytes: Vec<u8>,
    pub(super) purpose: Purpose,
    /// How often it was asked before, of earlier registrations.
    pub(super) tries: u8,
}

impl Question {
    /// The kind of the answer.
    pub(super) fn expects(&self) -> Kind {
        match self.purpose {
            Purpose::Deliver(_) => Kind::SendAllAck,
            Purpose::Store { .. } | Purpose::LogOut { .. } => Kind::Test,
        }
    }
}

/// Why a client is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Somebody wants to leave a text for a user who seems to be there.
    Store {
        requester: Requester,
        writer: UserId,
        text: Arc<Text>,
    },
    /// A text for everybody is on its way.
    Deliver(Arc<Text>),
    /// The user has registered elsewhere, and was here before.
    LogOut { old: SocketAddr },
}
