//! How fast one client may ask without waiting for answers, or for what is costly.
//!
//! A client that asks for more than its share is read slowly from some point on, which TCP passes
//! on to it, and everybody else is served as before.

use std::time::{Duration, Instant};

/// How much one client may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests that may come at once before the client is slowed down.
    pub burst: u32,
    /// The pause between two requests of a client that is slowed down; at least 1 ms.
    pub pause: Duration,
}

/// What one client may still ask for without being slowed down.
#[derive(Debug)]
pub struct Pace {
    rate: Rate,
    left: u32,
    counted: Instant,
}

impl Pace {
    /// A client that has asked for nothing until `now`.
    pub fn new(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            left: rate.burst,
            counted: now,
        }
    }

    /// Counts a request; the pause that is due when it is one too many.
    pub fn exceeds(&mut self, now: Instant) -> Option<Duration> {
        let Rate { burst, pause } = self.rate;
        let regained =
            now.saturating_duration_since(self.counted).as_millis() / pause.as_millis().max(1);
        if regained > 0 {
            self.counted = now;
            let regained = u32::try_from(regained).unwrap_or(burst);
            self.left = self.left.saturating_add(regained).min(burst);
        }
        let exceeded = self.left == 0;
        if exceeded {
            // The pause that follows pays for this request, not for the next.
            self.counted = now + pause;
        }
        self.left = self.left.saturating_sub(1);
        exceeded.then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_comes_back_with_time() {
        let (burst, pause) = (256, Duration::from_millis(4));
        let start = Instant::now();
        let mut pace = Pace::new(Rate { burst, pause }, start);
        for _ in 0..burst {
            assert_eq!(pace.exceeds(start), None);
        }
        assert_eq!(pace.exceeds(start), Some(pause));
        assert_eq!(pace.exceeds(start + pause), Some(pause));
        assert_eq!(pace.exceeds(start + pause * 3), None);
        let later = start + pause * (burst + 4);
        for _ in 0..burst {
            assert_eq!(pace.exceeds(later), None);
        }
        assert_eq!(pace.exceeds(later), Some(pause));
    }
}
