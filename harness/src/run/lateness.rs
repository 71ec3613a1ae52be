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

/// Within how long after a delay all is read that came meanwhile.
const SOON: Duration = Duration::from_millis(100);

/// How many delays are remembered.
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

    /// The most that the thread stood still within any stretch of this length since a moment. Who is
    /// held up again and again is late in the end, however short each time.
    pub(super) fn worst_total_since(&self, since: Instant, stretch: Duration) -> Duration {
        let delays = self.delays.borrow();
        let mut worst = Duration::ZERO;
        let mut total = Duration::ZERO;
        let mut first = delays.partition_point(|(at, _)| *at < since);
        for (at, late) in delays.iter().skip(first) {
            total += *late;
            while let Some((_, past)) = delays.get(first).filter(|(then, _)| *then + stretch < *at)
            {
                total = total.saturating_sub(*past);
                first += 1;
            }
            worst = worst.max(total);
        }
        worst
    }

    /// The greatest delay noticed since a moment, or just before it: what came while the thread
    /// stood still is read soon after, and so that moment was late. The pulse may itself be waiting
    /// to be felt, so the caller's own delay counts too.
    pub(super) fn worst_since(&self, since: Instant, own: Duration) -> Duration {
        let delays = self.delays.borrow();
        let recent = delays
            .iter()
            .rev()
            .take_while(|(at, _)| *at + SOON >= since);
        recent
            .map(|(_, late)| *late)
            .max()
            .unwrap_or_default()
            .max(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_delays_add_up_when_they_are_close_together() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let lateness = Lateness::default();
        for (at, late) in [(100, 90), (300, 80), (450, 70), (2000, 60), (2600, 20)] {
            let noted = (start + ms(at), ms(late));
            lateness.delays.borrow_mut().push_back(noted);
        }
        let worst = |since| lateness.worst_total_since(start + ms(since), ms(500));
        assert_eq!(worst(0), ms(240));
        assert_eq!(worst(200), ms(150));
        assert_eq!(worst(1000), ms(60));
        assert_eq!(worst(3000), Duration::ZERO);
        let since = |since| lateness.worst_since(start + ms(since), Duration::ZERO);
        assert_eq!((since(0), since(390), since(410)), (ms(90), ms(80), ms(70)));
    }
}
