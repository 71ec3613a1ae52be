//! Passwords, which are kept as salted hashes only.

use std::fmt;
use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::{Algorithm, Argon2, Params, Version};
use rand::TryRng;
use rand::rngs::SysRng;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Memory of one hash in KiB, and passes over it.
///
/// Argon2id is the usual choice against somebody who has stolen the hashes; its usual cost, 19 MiB
/// and two passes, is some 30 ms of a processor for each login. This server keeps its accounts in
/// memory, no longer than it runs, so that there is no file of hashes to steal, while those who
/// test against it log in hundreds of times. A hash of 1 MiB is one or two orders of magnitude
/// cheaper and still a hundred thousand times as dear as a plain one. Who writes accounts to a disk
/// must raise both.
const MEMORY_KIB: u32 = 1024;
const PASSES: u32 = 1;

const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;

/// A password as it came. It shows nothing of itself and is not kept.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(pub(super) String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// What is kept of a password.
#[derive(Clone)]
pub(super) struct PasswordHash {
    salt: [u8; SALT_LEN],
    hash: [u8; HASH_LEN],
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Hashes passwords beside everything else, a few at a time: as many as there are processors.
/// Whoever waits is served in the order of coming.
#[derive(Debug)]
pub(super) struct Hasher {
    turns: Arc<Semaphore>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        let turns = available_parallelism().map_or(2, usize::from);
        Self {
            turns: Arc::new(Semaphore::new(turns)),
        }
    }

    /// The hash of a new password under a salt of its own; `None` when the system has no
    /// randomness or no memory.
    pub(super) async fn hash(&self, password: Password) -> Option<PasswordHash> {
        self.take_turn(move || {
            let mut salt = [0; SALT_LEN];
            SysRng.try_fill_bytes(&mut salt).ok()?;
            let hash = digest(&password, &salt)?;
            Some(PasswordHash { salt, hash })
        })
        .await
    }

    /// CHATBOOTH-1: whether it is this password. The comparison takes the same time for all.
    pub(super) async fn is_right(&self, password: Password, known: PasswordHash) -> bool {
        self.take_turn(move || {
            let hash = digest(&password, &known.salt)?;
            Some(bool::from(hash.ct_eq(&known.hash)))
        })
        .await
        .unwrap_or(false)
    }

    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        // The turn ends with the work, even when the client that asked has gone meanwhile.
        spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .ok()?
    }
}

fn digest(password: &Password, salt: &[u8]) -> Option<[u8; HASH_LEN]> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(HASH_LEN)).ok()?;
    let mut hash = [0; HASH_LEN];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.0.as_bytes(), salt, &mut hash)
        .ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password(text.to_owned())
    }

    #[tokio::test]
    async fn rule_1_only_the_same_password_is_right() {
        let hasher = Hasher::new();
        let hash = hasher.hash(password("p:w:x")).await.unwrap();
        assert!(hasher.is_right(password("p:w:x"), hash.clone()).await);
        for wrong in ["", "p", "p:w:", "p:w:x ", "P:w:x"] {
            assert!(!hasher.is_right(password(wrong), hash.clone()).await);
        }
    }

    #[tokio::test]
    async fn the_same_password_has_another_hash_each_time_and_shows_in_none() {
        let hasher = Hasher::new();
        let first = hasher.hash(password("secret")).await.unwrap();
        let second = hasher.hash(password("secret")).await.unwrap();
        assert_ne!(first.hash, second.hash);
        assert!(!format!("{:?} {first:?}", password("secret")).contains("secret"));
    }
}
