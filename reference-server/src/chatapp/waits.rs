//! Questions that wait for their answers.
//!
//! What acknowledges a text names neither the text nor the question, so two questions to the same
//! client at the same time go out from different sockets: the answer comes back to the socket of
//! its question. Questions beyond the last socket wait in line.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use reference_codecs::chatapp::Kind;

use super::Fault;
use super::effect::Question;
use crate::faults::Faults;

/// Questions to one client that are open at a time, and the most sockets that are used.
pub(super) const SOCKETS: usize = 16;

/// Where a question is open: the client, and the socket it came from.
type Place = (SocketAddr, usize);

#[derive(Debug)]
struct Open {
    question: Question,
    due: (Instant, u64),
}

/// All open questions, and the lines in front of busy clients.
#[derive(Debug, Default)]
pub(super) struct Waits {
    open: HashMap<Place, Open>,
    deadlines: BTreeMap<(Instant, u64), Place>,
    lines: HashMap<SocketAddr, VecDeque<Question>>,
    asked: u64,
    faults: Faults<Fault>,
}

impl Waits {
    pub(super) fn new(faults: Faults<Fault>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// Finds a socket for a question that is to be answered until `deadline`; without one, the
    /// question stands in line.
    pub(super) fn begin(
        &mut self,
        question: Question,
        deadline: Instant,
    ) -> Option<(usize, Vec<u8>)> {
        let target = question.target;
        let free = (0..SOCKETS).find(|socket| !self.open.contains_key(&(target, *socket)));
        let busy = self.is_asking() && self.faults.has(Fault::OneByOne);
        let Some(socket) = free.filter(|_| !busy) else {
            let line = self.line(target);
            self.lines.entry(line).or_default().push_back(question);
            return None;
        };
        if self.faults.has(Fault::WaitRenewed) {
            self.renew(target, deadline);
        }
        self.asked += 1;
        let due = (deadline, self.asked);
        let bytes = question.bytes.clone();
        self.deadlines.insert(due, (target, socket));
        self.open.insert((target, socket), Open { question, due });
        Some((socket, bytes))
    }

    /// Takes the question that a datagram of this kind answers.
    pub(super) fn answered(
        &mut self,
        from: SocketAddr,
        socket: usize,
        kind: Kind,
    ) -> Option<Question> {
        let place = (from, socket);
        let open = self.open.get(&place)?;
        if open.question.expects() != kind {
            return None;
        }
        let open = self.open.remove(&place)?;
        self.deadlines.remove(&open.due);
        Some(open.question)
    }

    /// Takes a question that was not answered in time.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<Question> {
        let (due, place) = self.deadlines.first_key_value()?;
        if due.0 > now {
            return None;
        }
        let (due, place) = (*due, *place);
        self.deadlines.remove(&due);
        Some(self.open.remove(&place)?.question)
    }

    /// Takes the next question in line for a client that has a socket free again.
    pub(super) fn next_in_line(&mut self, target: SocketAddr) -> Option<Question> {
        let target = self.line(target);
        let line = self.lines.get_mut(&target)?;
        let next = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&target);
        }
        next
    }

    /// Whether any question is open.
    pub(super) fn is_asking(&self) -> bool {
        !self.open.is_empty()
    }

    /// CHATAPP-9: each client has a line of its own.
    fn line(&self, target: SocketAddr) -> SocketAddr {
        if self.faults.has(Fault::OneByOne) {
            return (Ipv4Addr::UNSPECIFIED, 0).into();
        }
        target
    }

    /// Gives the open questions to a client another deadline.
    fn renew(&mut self, target: SocketAddr, deadline: Instant) {
        for (place, open) in &mut self.open {
            if place.0 == target {
                self.deadlines.remove(&open.due);
                open.due.0 = deadline;
                self.deadlines.insert(open.due, *place);
            }
        }
    }

    /// Waits no longer for any answer.
    pub(super) fn cut_short(&mut self, now: Instant) {
        for (place, open) in &mut self.open {
            self.deadlines.remove(&open.due);
            open.due.0 = now;
            self.deadlines.insert(open.due, *place);
        }
    }

    /// When the next question is overdue.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.keys().next().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::effect::Purpose;
    use super::super::users::UserId;
    use super::*;

    fn question(number: u64, target: SocketAddr) -> Question {
        Question {
            user: UserId(0),
            session: number,
            target,
            bytes: Vec::new(),
            purpose: Purpose::LogOut { old: target },
            tries: 0,
        }
    }

    #[test]
    fn questions_to_one_client_are_told_apart_and_stand_in_line() {
        let (bob, carol) = (
            SocketAddr::from(([127, 0, 0, 1], 4000)),
            SocketAddr::from(([127, 0, 0, 1], 4001)),
        );
        let mut waits = Waits::default();
        let start = Instant::now();
        for number in 0..SOCKETS {
            let (socket, _) = waits.begin(question(number as u64, bob), start).unwrap();
            assert_eq!(socket, number);
        }
        assert!(waits.begin(question(100, bob), start).is_none());
        assert_eq!(waits.begin(question(101, carol), start).unwrap().0, 0);
        assert!(waits.next_in_line(carol).is_none());
        let numbers = |question: Option<Question>| question.map(|question| question.session);
        assert_eq!(numbers(waits.answered(bob, 3, Kind::SendAllAck)), None);
        assert_eq!(numbers(waits.answered(bob, 3, Kind::Test)), Some(3));
        assert_eq!(numbers(waits.answered(bob, 3, Kind::Test)), None);
        let next = waits.next_in_line(bob).unwrap();
        assert_eq!(waits.begin(next, start).unwrap().0, 3);
        assert_eq!(numbers(waits.answered(bob, 3, Kind::Test)), Some(100));
        assert!(waits.next_in_line(bob).is_none() && waits.lines.is_empty());
    }

    #[test]
    fn what_is_overdue_comes_in_order() {
        let bob = SocketAddr::from(([127, 0, 0, 1], 4000));
        let mut waits = Waits::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        for millis in [30, 10, 20] {
            waits.begin(question(millis, bob), at(millis)).unwrap();
        }
        assert_eq!(waits.next_deadline(), Some(at(10)));
        assert!(waits.overdue(at(9)).is_none());
        let mut overdue = || waits.overdue(at(20)).map(|question| question.session);
        assert_eq!(
            [overdue(), overdue(), overdue()],
            [Some(10), Some(20), None]
        );
        assert_eq!(waits.next_deadline(), Some(at(30)));
    }
}
