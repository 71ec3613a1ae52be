//! What only a server with a fault has to remember.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::chatapp::effect::Effect;
use crate::chatapp::users::UserId;

/// Requests that follow each other faster count as simultaneous.
const SAME_TIME: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
pub(super) struct Misdeeds {
    last_request: Option<Instant>,
    /// The request that is carried out follows another at once.
    pub(super) at_once: bool,
    /// Where users were registered before.
    pub(super) earlier: HashMap<UserId, SocketAddr>,
    /// Who has left by his own wish.
    pub(super) left: HashSet<UserId>,
    /// Answers that wait until no question is open.
    pub(super) held: Vec<Effect>,
}

impl Misdeeds {
    /// A request comes.
    pub(super) fn note_request(&mut self) {
        let now = Instant::now();
        let last = self.last_request.replace(now);
        self.at_once = last.is_some_and(|last| now - last < SAME_TIME);
    }
}
