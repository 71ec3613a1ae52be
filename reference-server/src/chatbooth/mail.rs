//! Messages on their way from one account to another.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::accounts::AccountId;

/// What a message costs beside its text, in bytes.
const OVERHEAD: usize = 128;

/// A message for one account. It counts against its [`Store`] until it is dropped.
#[derive(Debug)]
pub(super) struct Mail {
    pub(super) owner: AccountId,
    pub(super) text: Box<[u8]>,
    _room: OwnedSemaphorePermit,
}

impl Mail {
    /// What it counts for in a queue, in bytes.
    pub(super) fn cost(&self) -> usize {
        cost(&self.text)
    }
}

fn cost(text: &[u8]) -> usize {
    text.len() + OVERHEAD
}

/// The memory that all messages of the server have together, those that a connection has taken
/// and not sent included.
pub(super) struct Store {
    room: Arc<Semaphore>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Room for `bytes` of messages.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            room: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Takes a message in; `None` when there is no room.
    pub(super) fn take_in(&self, owner: AccountId, text: Vec<u8>) -> Option<Mail> {
        let cost = u32::try_from(cost(&text)).ok()?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(cost).ok()?;
        Some(Mail {
            owner,
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
        let store = Store::new(2 * (OVERHEAD + 3));
        let first = store.take_in(AccountId(1), b"one".to_vec()).unwrap();
        let _second = store.take_in(AccountId(2), b"two".to_vec()).unwrap();
        assert!(store.take_in(AccountId(1), Vec::new()).is_none());
        drop(first);
        assert!(store.take_in(AccountId(1), b"1".to_vec()).is_some());
    }
}
