//! Holds back what is to be sent until what it says is safe on the disk.

use std::collections::VecDeque;

use tokio::sync::watch::error::RecvError;

use super::database::Database;
use super::effect::{Change, Effect};

/// Bytes that may be held back; a request beyond them is passed over, and made again by its client.
const ROOM: usize = 64 << 20;

/// The database, if there is one, and what waits for it.
#[derive(Debug)]
pub(super) struct Gate {
    database: Option<Database>,
    held: VecDeque<(u64, Vec<Effect>)>,
    bytes: usize,
    last: u64,
}

impl Gate {
    pub(super) fn new(database: Option<Database>) -> Self {
        Self {
            database,
            held: VecDeque::new(),
            bytes: 0,
            last: 0,
        }
    }

    /// Whether no more requests should be carried out for now.
    pub(super) fn is_full(&self) -> bool {
        self.bytes > ROOM || self.held.len() > ROOM / 1024
    }

    /// Has the changes written. What can go out at once comes back.
    pub(super) fn pass(&mut self, changes: Vec<Change>, effects: Vec<Effect>) -> Vec<Effect> {
        let Some(database) = &mut self.database else {
            return effects;
        };
        if !changes.is_empty() {
            self.last = database.submit(changes);
        }
        if effects.is_empty() {
            return effects;
        }
        self.bytes += effects.iter().map(Effect::bytes).sum::<usize>();
        self.held.push_back((self.last, effects));
        self.released()
    }

    /// What may go out by now, in order.
    pub(super) fn released(&mut self) -> Vec<Effect> {
        let written = self.database.as_ref().map_or(u64::MAX, Database::written);
        let mut released = Vec::new();
        while self
            .held
            .front()
            .is_some_and(|(number, _)| *number <= written)
        {
            released.extend(
                self.held
                    .pop_front()
                    .into_iter()
                    .flat_map(|(_, effects)| effects),
            );
        }
        let bytes: usize = released.iter().map(Effect::bytes).sum();
        self.bytes = self.bytes.saturating_sub(bytes);
        released
    }

    /// Waits until more may go out; for ever when there is no database.
    pub(super) async fn progress(&mut self) -> Result<(), RecvError> {
        match &mut self.database {
            Some(database) => database.progress().await,
            None => std::future::pending().await,
        }
    }

    /// The database, to be closed.
    pub(super) fn into_database(self) -> Option<Database> {
        self.database
    }
}
