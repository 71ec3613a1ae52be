//! Requests that were made a moment ago, and their answers.
//!
//! An answer can get lost, and then the client asks again: with the same bytes, from the same
//! socket. CHATAPP-11: such a request is answered again, and not carried out again.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Fault;
use super::effect::Requester;
use crate::faults::Faults;

/// How long after a request the same one counts as retried.
const WINDOW: Duration = Duration::from_secs(3);

/// The same for a server that is told to forget requests early.
const SHORT_WINDOW: Duration = Duration::from_millis(300);

/// How long after the first one at the latest the same request counts as a new one.
const LONGEST: Duration = Duration::from_secs(6);

/// Bytes of requests and answers that are remembered; beyond them the oldest are forgotten.
const ROOM: usize = 64 << 20;

/// What a request costs beside its bytes.
const OVERHEAD: usize = 128;

type Request = (SocketAddr, Arc<[u8]>);

#[derive(Debug)]
struct Recent {
    number: u64,
    first: Instant,
    last: Instant,
    answer: Option<Arc<[Vec<u8>]>>,
}

/// What a request is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// To be carried out.
    New(Requester),
    /// Retried, and being carried out.
    Pending,
    /// Retried, and answered with this.
    Answered(Arc<[Vec<u8>]>),
}

/// The requests of the last seconds.
#[derive(Debug)]
pub(super) struct Retries {
    recent: HashMap<Request, Recent>,
    by_number: BTreeMap<u64, Request>,
    bytes: usize,
    next: u64,
    window: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            recent: HashMap::new(),
            by_number: BTreeMap::new(),
            bytes: 0,
            next: 0,
            window: WINDOW,
        }
    }
}

impl Retries {
    pub(super) fn new(faults: Faults<Fault>) -> Self {
        let mut retries = Self::default();
        if faults.has(Fault::RetriesForgotten) {
            retries.window = SHORT_WINDOW;
        }
        retries
    }

    /// Takes in a request.
    pub(super) fn admit(&mut self, from: SocketAddr, bytes: &[u8], now: Instant) -> Admission {
        self.forget(now);
        let request: Request = (from, Arc::from(bytes));
        if let Some(recent) = self.recent.get_mut(&request) {
            if recent.is_remembered(now, self.window) {
                recent.last = now;
                return match &recent.answer {
                    None => Admission::Pending,
                    Some(answer) => Admission::Answered(Arc::clone(answer)),
                };
            }
            let number = recent.number;
            self.remove(number);
        }
        let number = self.next;
        self.next += 1;
        self.bytes += bytes.len() + OVERHEAD;
        self.by_number.insert(number, request.clone());
        let recent = Recent {
            number,
            first: now,
            last: now,
            answer: None,
        };
        self.recent.insert(request, recent);
        Admission::New(Requester {
            address: from,
            number,
        })
    }

    /// Forgets that a request was made, so that it counts as a new one.
    pub(super) fn forget_one(&mut self, from: SocketAddr, bytes: &[u8]) {
        let request: Request = (from, Arc::from(bytes));
        if let Some(number) = self.recent.get(&request).map(|recent| recent.number) {
            self.remove(number);
        }
    }

    /// Remembers an answer.
    pub(super) fn answered(&mut self, requester: Requester, parts: &[Vec<u8>]) {
        let Some(request) = self.by_number.get(&requester.number) else {
            return;
        };
        if let Some(recent) = self.recent.get_mut(request) {
            self.bytes += parts.iter().map(Vec::len).sum::<usize>();
            recent.answer = Some(Arc::from(parts));
        }
    }

    /// Nothing was carried out: the same request may be made again at once.
    pub(super) fn refused(&mut self, requester: Requester) {
        self.remove(requester.number);
    }

    /// Forgets what is too old, or too much.
    fn forget(&mut self, now: Instant) {
        while let Some((number, request)) = self.by_number.first_key_value() {
            let recent = self.recent.get(request);
            if self.bytes <= ROOM
                && recent.is_some_and(|recent| recent.is_remembered(now, self.window))
            {
                return;
            }
            let number = *number;
            self.remove(number);
        }
    }

    fn remove(&mut self, number: u64) {
        let Some(request) = self.by_number.remove(&number) else {
            return;
        };
        let answer = self
            .recent
            .remove(&request)
            .and_then(|recent| recent.answer);
        let answered: usize = answer
            .iter()
            .flat_map(|parts| parts.iter())
            .map(Vec::len)
            .sum();
        let freed = request.1.len() + OVERHEAD + answered;
        self.bytes = self.bytes.saturating_sub(freed);
    }
}

impl Recent {
    fn is_remembered(&self, now: Instant, window: Duration) -> bool {
        now.saturating_duration_since(self.last) < window
            && now.saturating_duration_since(self.first) < LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn new(admission: &Admission) -> Requester {
        match admission {
            Admission::New(requester) => *requester,
            other => panic!("{other:?} is not new"),
        }
    }

    #[test]
    fn a_retried_request_gets_the_same_answer() {
        let mut retries = Retries::default();
        let start = Instant::now();
        let first = new(&retries.admit(at(1), b"reg", start));
        assert_eq!(retries.admit(at(1), b"reg", start), Admission::Pending);
        let other = new(&retries.admit(at(2), b"reg", start));
        new(&retries.admit(at(1), b"dereg", start));
        retries.answered(first, &[b"ack".to_vec()]);
        let answer: Arc<[Vec<u8>]> = Arc::from([b"ack".to_vec()]);
        assert_eq!(
            retries.admit(at(1), b"reg", start),
            Admission::Answered(answer)
        );
        assert_eq!(retries.admit(at(2), b"reg", start), Admission::Pending);
        retries.refused(other);
        new(&retries.admit(at(2), b"reg", start));
    }

    #[test]
    fn after_a_while_it_is_a_new_request() {
        let mut retries = Retries::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        new(&retries.admit(at(1), b"store", start));
        new(&retries.admit(at(1), b"store", after(3)));
        assert_eq!(retries.admit(at(1), b"store", after(5)), Admission::Pending);
        assert_eq!(retries.admit(at(1), b"store", after(7)), Admission::Pending);
        new(&retries.admit(at(1), b"store", after(9)));
        new(&retries.admit(at(2), b"other", after(20)));
        assert_eq!(retries.recent.len(), 1);
        assert_eq!(retries.bytes, 5 + OVERHEAD);
    }

    #[test]
    fn memory_is_bounded() {
        let mut retries = Retries::default();
        let start = Instant::now();
        let long = vec![0; 60_000];
        for port in 1..700 {
            if let Admission::New(requester) = retries.admit(at(port), &long, start) {
                retries.answered(requester, std::slice::from_ref(&long));
            }
        }
        assert!(retries.recent.len() < 600);
        assert!(retries.bytes <= ROOM + 2 * long.len() + OVERHEAD);
        assert_eq!(retries.recent.len(), retries.by_number.len());
    }
}
