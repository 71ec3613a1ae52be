//! Messages on their way from one account to another.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// What a message costs beside its text, in bytes.
const OVERHEAD: usize = 128;

/// Accounts in the order of their creation; never used twice, so that nothing that is left of a
/// deleted account fits the next one of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AccountId(pub(crate) u64);

/// Tells one connection that messages wait for it; clones belong to the same connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell(Arc<Notify>);

impl Bell {
    /// Waits until it rings, or returns at once when it has rung since.
    pub(crate) async fn rung(&self) {
        self.0.notified().await;
    }

    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A message for one account. It counts against its [`Store`] until it is dropped.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) owner: AccountId,
    /// Which message of its store it is; later ones have higher numbers.
    pub(crate) number: u64,
    pub(crate) text: Box<[u8]>,
    _room: OwnedSemaphorePermit,
}

impl Mail {
    /// What it counts for in a queue, in bytes.
    pub(crate) fn cost(&self) -> usize {
        cost(&self.text)
    }
}

fn cost(text: &[u8]) -> usize {
    text.len() + OVERHEAD
}

/// The memory that all messages of the server have together, those that a connection has taken
/// and not sent included.
pub(crate) struct Store {
    room: Arc<Semaphore>,
    taken_in: u64,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Room for `bytes` of messages.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))),
            taken_in: 0,
        }
    }

    /// Takes a message in; `None` when there is no room.
    pub(crate) fn take_in(&mut self, owner: AccountId, text: Vec<u8>) -> Option<Mail> {
        let cost = u32::try_from(cost(&text)).ok()?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(cost).ok()?;
        self.taken_in += 1;
        Some(Mail {
            owner,
            number: self.taken_in,
            text: text.into_boxed_slice(),
            _room: room,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_full_until_something_goes() {
        let mut store = Store::new(2 * (OVERHEAD + 3));
        let first = store.take_in(AccountId(1), b"one".to_vec()).unwrap();
        let _second = store.take_in(AccountId(2), b"two".to_vec()).unwrap();
        assert!(store.take_in(AccountId(1), Vec::new()).is_none());
        drop(first);
        assert!(store.take_in(AccountId(1), b"1".to_vec()).is_some());
    }
}
