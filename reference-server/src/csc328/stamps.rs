//! Times that tell messages apart.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970, never the same twice.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    last: AtomicU64,
}

impl Stamps {
    /// The time now, or the next that was not given yet: a clock may be coarse or set back.
    pub(super) fn next(&self) -> u64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        let later = |last: u64| now.max(last.saturating_add(1));
        match self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(later(last))
            }) {
            Ok(last) | Err(last) => later(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stamp_comes_twice() {
        let stamps = Stamps::default();
        let mut last = stamps.next();
        for _ in 0..10_000 {
            let next = stamps.next();
            assert!(next > last);
            last = next;
        }
    }
}
