//! One registered client's place in the room: what it says, and what it is told and when.

use std::sync::Arc;

use reference_codecs::bcp::{Dialect, MAX_TEXT, ServerMessage};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, oneshot};

use super::room::{Command, Door, Event, ListPart, MemberId};
use super::session::Ending;
use super::{Fault, encoded};
use crate::faults::Faults;

/// Above this distance successive notices come in one DELIVER, so that a storm of clients joining
/// does not cost each of them one round trip for every other. Far above the 100 messages that are
/// promised one by one.
const MERGE_DISTANCE: usize = 256;

/// The client has not fetched its messages for so long that some are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooFarBehind;

/// A registered name and its place in what everybody is told. Dropping it frees the name.
#[derive(Debug)]
pub(super) struct Membership {
    id: MemberId,
    door: Door,
    dialect: Dialect,
    faults: Faults<Fault>,
    why: Option<Ending>,
    list: Option<ListPart>,
    events: broadcast::Receiver<Arc<Event>>,
    /// An event that was taken from the ring and comes next.
    held: Option<Arc<Event>>,
}

impl Membership {
    /// A member that has been told nothing yet and is first told the `list`.
    pub(super) fn new(
        id: MemberId,
        door: Door,
        (dialect, faults): (Dialect, Faults<Fault>),
        list: ListPart,
        events: broadcast::Receiver<Arc<Event>>,
    ) -> Self {
        Self {
            id,
            door,
            dialect,
            faults,
            why: None,
            list: (!faults.has(Fault::ListMissing)).then_some(list),
            events,
            held: None,
        }
    }

    /// BCP-6: has the text delivered to everybody else; its place among all events is fixed once
    /// this returns. The answer is whether so much waits for somebody that senders should pause.
    pub(super) async fn say(&self, text: String) -> bool {
        let (crowded, said) = oneshot::channel();
        self.door.send(Command::Say {
            from: self.id,
            text,
            crowded,
        });
        // Without a room there is nobody to say it to.
        said.await.unwrap_or(false)
    }

    /// BCP-5, BCP-7: waits for the next DELIVER for this member: first the list, then what
    /// happened since it registered. Nothing is lost when the wait is given up.
    pub(super) async fn next_delivery(&mut self) -> Result<Vec<u8>, TooFarBehind> {
        if let Some(part) = &self.list {
            let (encoded, more_after) = (part.encoded.clone(), part.more_after);
            self.list = match more_after {
                Some(after) => self.fetch_list(after).await,
                None => None,
            };
            return Ok(encoded);
        }
        loop {
            let held = self.held.take();
            let fresh = held.is_none();
            let event = match held {
                Some(event) => event,
                None => match self.events.recv().await {
                    Ok(event) => event,
                    Err(RecvError::Lagged(_)) => return Err(TooFarBehind),
                    // The room is gone with the server; the connection is told otherwise.
                    Err(RecvError::Closed) => std::future::pending().await,
                },
            };
            if event.except == self.id || self.is_left_out(&event) {
                continue;
            }
            let event = self.disordered(event, fresh);
            return match &event.notice {
                Some(notice) if self.events.len() > MERGE_DISTANCE => self.merge(notice),
                _ => Ok(event.encoded.clone()),
            };
        }
    }

    /// BCP-6: everybody else hears a message, unless the server is told otherwise.
    fn is_left_out(&self, event: &Event) -> bool {
        let late_comer = self.id > MemberId::THIRD;
        let sender_left = event
            .sender
            .as_ref()
            .is_some_and(|name| name.strong_count() == 0);
        late_comer && event.notice.is_none() && self.faults.has(Fault::MessageToThree)
            || sender_left && self.faults.has(Fault::LastSendWithdrawn)
    }

    /// BCP-7: in order and once, unless the server is told otherwise.
    fn disordered(&mut self, event: Arc<Event>, fresh: bool) -> Arc<Event> {
        if !fresh || self.events.is_empty() {
            return event;
        }
        if self.faults.has(Fault::KeptTwice) {
            self.held = Some(Arc::clone(&event));
        }
        if self.faults.has(Fault::KeptReordered)
            && let Ok(next) = self.events.try_recv()
            && next.except != self.id
        {
            self.held = Some(event);
            return next;
        }
        event
    }

    /// BCP-7: what waited for an acknowledgement, all but so many, is lost in a server that is told
    /// to lose it.
    pub(super) fn forget_all_but(&mut self, kept: usize) {
        while self.events.len() > kept && self.events.try_recv().is_ok() {}
    }

    /// Who this is.
    pub(super) fn id(&self) -> MemberId {
        self.id
    }

    /// BCP-7: whether more is waiting than is kept.
    pub(super) fn is_too_far_behind(&self, kept_messages: usize) -> bool {
        self.events.len() > kept_messages.next_power_of_two()
    }

    /// Frees the name and tells the others.
    pub(super) fn leave(mut self, why: Ending) {
        self.why = Some(why);
    }

    async fn fetch_list(&self, after: MemberId) -> Option<ListPart> {
        let (answer, answered) = oneshot::channel();
        self.door.send(Command::List {
            newcomer: self.id,
            after,
            answer,
        });
        answered.await.ok()
    }

    /// One DELIVER of this notice and those that follow it immediately.
    fn merge(&mut self, first: &str) -> Result<Vec<u8>, TooFarBehind> {
        let mut text = first.to_owned();
        loop {
            let event = match self.events.try_recv() {
                Ok(event) => event,
                Err(TryRecvError::Lagged(_)) => return Err(TooFarBehind),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            };
            if event.except == self.id {
                continue;
            }
            match &event.notice {
                Some(notice) if text.len() + 1 + notice.len() <= MAX_TEXT => {
                    text.push('\n');
                    text.push_str(notice);
                }
                _ => {
                    self.held = Some(event);
                    break;
                }
            }
        }
        Ok(encoded(
            &ServerMessage::Notice {
                message: text.into_bytes(),
            },
            self.dialect,
            self.faults,
        ))
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        // BCP-10: whatever ends a connection, even a bug, frees its name exactly once.
        self.door.send(Command::Leave {
            member: self.id,
            why: self.why.take(),
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::super::{Options, room};
    use super::*;

    async fn joined<const N: usize>(names: [&str; N]) -> (Door, [Membership; N]) {
        let (door, _) = room::start(&Options::default(), CancellationToken::new());
        let mut members = Vec::new();
        for name in names {
            let mut member = door.register(name.to_owned()).await.unwrap();
            assert!(text(&member.next_delivery().await.unwrap()).contains("Logged in as"));
            members.push(member);
        }
        (door, members.try_into().unwrap())
    }

    fn text(delivery: &[u8]) -> String {
        String::from_utf8_lossy(delivery).into_owned()
    }

    #[tokio::test]
    async fn rule_3_a_name_is_free_once_others_are_told() {
        let (door, [mut alice, bob]) = joined(["alice", "bob"]).await;
        assert!(door.register("bob".to_owned()).await.is_err());
        alice.next_delivery().await.unwrap();
        drop(bob);
        assert!(text(&alice.next_delivery().await.unwrap()).ends_with("bob has left the server."));
        assert!(door.register("bob".to_owned()).await.is_ok());
    }

    #[tokio::test]
    async fn rule_6_nobody_hears_what_they_say_themselves() {
        let (_, [mut alice, mut bob]) = joined(["alice", "bob"]).await;
        alice.next_delivery().await.unwrap();
        alice.say("one".to_owned()).await;
        bob.say("two".to_owned()).await;
        assert!(text(&alice.next_delivery().await.unwrap()).ends_with("two"));
        assert!(text(&bob.next_delivery().await.unwrap()).ends_with("one"));
    }

    #[tokio::test]
    async fn giving_up_a_registration_frees_the_name() {
        let (door, [mut alice]) = joined(["alice"]).await;
        tokio::select! {
            biased;
            _ = door.register("bob".to_owned()) => panic!("the room has not run yet"),
            () = std::future::ready(()) => {}
        }
        assert!(
            text(&alice.next_delivery().await.unwrap()).ends_with("bob has joined the server.")
        );
        assert!(text(&alice.next_delivery().await.unwrap()).ends_with("bob has left the server."));
    }

    #[tokio::test]
    async fn notices_come_together_only_far_behind_and_never_across_a_text() {
        let (door, [mut alice, bob]) = joined(["alice", "bob"]).await;
        let mut others = Vec::new();
        for index in 0..MERGE_DISTANCE {
            others.push(door.register(format!("user{index}")).await.unwrap());
        }
        bob.say("between".to_owned()).await;
        others.push(door.register("last".to_owned()).await.unwrap());
        let mut deliveries = Vec::new();
        while deliveries
            .last()
            .is_none_or(|last: &String| !last.ends_with("last has joined the server."))
        {
            let delivery = alice.next_delivery().await.unwrap();
            assert!(delivery.len() <= MAX_TEXT + 16);
            deliveries.push(text(&delivery));
        }
        let said = deliveries
            .iter()
            .position(|delivery| delivery.ends_with("between"))
            .unwrap();
        assert_eq!(said, deliveries.len() - 2);
        let joined: usize = deliveries
            .iter()
            .map(|delivery| delivery.matches("has joined").count())
            .sum();
        assert_eq!(joined, MERGE_DISTANCE + 2);
        assert!(deliveries.len() < MERGE_DISTANCE);
    }

    #[tokio::test]
    async fn the_room_ends_with_the_last_of_its_members() {
        let (door, room) = room::start(&Options::default(), CancellationToken::new());
        let alice = door.register("alice".to_owned()).await.unwrap();
        drop(door);
        alice.say("still open".to_owned()).await;
        drop(alice);
        room.await.unwrap();
    }
}
