//! Whether the harness itself was on time: what it judges by the clock is worth nothing when its
//! own thread did not run.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

/// How often the thread's pulse is felt.
const BEAT: Duration = Duration::from_millis(10);

/// Delays below this are not remembered.
const WORTH_NOTING: Duration = Duration::from_millis(15);

/// How long a delay is remembered.
const MEMORY: usize = 4096;

/// When and how much the thread was late.
#[derive(Clone, Default)]
pub(super) struct Lateness {
    delays: Rc<RefCell<VecDeque<(Instant, Duration)>>>,
}

impl Lateness {
    /// Notes delays for as long as it is polled.
    pub(super) async fn watch(self) {
        loop {
            let expected = Instant::now() + BEAT;
            tokio::time::sleep_until(expected).await;
            let now = Instant::now();
            let late = now.saturating_duration_since(expected);
            if late > WORTH_NOTING {
                let mut delays = self.delays.borrow_mut();
                if delays.len() >= MEMORY {
                    delays.pop_front();
                }
                delays.push_back((now, late));
            }
        }
    }

    /// The greatest delay noticed since a moment. The pulse may itself be waiting to be felt, so
    /// the caller's own delay counts too.
    pub(super) fn worst_since(&self, since: Instant, own: Duration) -> Duration {
        let delays = self.delays.borrow();
        let recent = delays.iter().rev().take_while(|(at, _)| *at >= since);
        recent
            .map(|(_, late)| *late)
            .max()
            .unwrap_or_default()
            .max(own)
    }
}
