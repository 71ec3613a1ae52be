//! Who has which nickname, and what everybody is told.
//!
//! What is said has one order for everybody: that of the ring into which it is put, which all
//! clients read at their own pace. A client that falls behind by more than the ring, or that holds
//! up too much of it, is disconnected.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use reference_codecs::csc328::{Dialect, ServerMessage};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use super::session::Ending;
use super::stamps::Stamps;
use super::text::NameError;
use super::{Fault, Options};
use crate::faults::Faults;
use crate::link::Lost;
use crate::log::Log;

/// Bytes that one delivery collects before more texts wait for the next.
const BATCH: usize = 16 << 10;

/// Two who ask for a nickname this close ask at the same time.
pub(super) const SAME_TIME: Duration = Duration::from_millis(5);

/// How late is too late for a nickname to be free again.
const LATE: Duration = Duration::from_millis(2500);

/// Where a text is split that is not cut.
const SPLIT: usize = 65_000;

/// The nicknames and what is said; shared by all connections, none of which ever waits in it.
#[derive(Debug)]
pub(super) struct Room {
    dialect: Dialect,
    log: Log,
    stamps: Stamps,
    /// Never held while anything else is done.
    names: Mutex<HashSet<Arc<str>>>,
    asked_for: Mutex<HashSet<Arc<str>>>,
    events: broadcast::Sender<Arc<Event>>,
    kept_bytes: Arc<AtomicUsize>,
    next_id: AtomicU64,
    /// What may be kept for slow clients before texts wait.
    crowd: Crowd,
    faults: Faults<Fault>,
    /// Until when nobody is heard, in a server that is told to stall.
    stalled: Mutex<Option<Instant>>,
    last_claimed: Mutex<Option<Instant>>,
    /// Nicknames that will be asked for, where rivals are all refused.
    announced: Mutex<Vec<(String, Instant)>>,
    /// Connections without a nickname, and all that ever were.
    pub(super) choosing: AtomicUsize,
    pub(super) connected: AtomicUsize,
    shutdown: CancellationToken,
}

#[derive(Debug)]
struct Crowd {
    messages: usize,
    bytes: usize,
}

/// Something that is said to everybody but one.
#[derive(Debug)]
struct Event {
    except: MemberId,
    encoded: Vec<u8>,
    kept_bytes: Arc<AtomicUsize>,
}

impl Drop for Event {
    fn drop(&mut self) {
        self.kept_bytes
            .fetch_sub(self.encoded.len(), Ordering::Relaxed);
    }
}

/// Tells members apart; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MemberId(u64);

/// The client has not fetched its messages for so long that some are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooFarBehind;

impl Room {
    /// A room without members.
    pub(super) fn new(options: &Options, shutdown: CancellationToken) -> Self {
        let limits = options.limits;
        let (events, _) = broadcast::channel(limits.kept_messages.max(1));
        Self {
            dialect: options.dialect,
            log: options.log.clone(),
            stamps: Stamps::default(),
            names: Mutex::default(),
            asked_for: Mutex::default(),
            events,
            kept_bytes: Arc::default(),
            next_id: AtomicU64::new(0),
            crowd: Crowd {
                messages: limits.kept_messages / 2,
                bytes: limits.kept_bytes,
            },
            faults: options.faults,
            stalled: Mutex::default(),
            last_claimed: Mutex::default(),
            announced: Mutex::default(),
            choosing: AtomicUsize::new(0),
            connected: AtomicUsize::new(0),
            shutdown,
        }
    }

    /// CSC328-2: takes the nickname if it is free.
    pub(super) fn claim(self: &Arc<Self>, name: String) -> Result<Membership, NameError> {
        let rival = self.has_rival(&name);
        let name: Arc<str> = name.into();
        if rival || !self.names().insert(Arc::clone(&name)) && !self.shares_names() {
            if self.faults.has(Fault::TakenFreed) {
                self.names().remove(&name);
            }
            self.asked_for().insert(name);
            return Err(NameError::InUse);
        }
        Ok(Membership {
            room: Arc::clone(self),
            id: MemberId(self.next_id.fetch_add(1, Ordering::Relaxed)),
            name,
            events: self.events.subscribe(),
            ending: None,
        })
    }

    /// Whether so much is kept for clients that are behind that texts should wait.
    pub(super) fn is_crowded(&self) -> bool {
        self.kept_bytes.load(Ordering::Relaxed) > self.crowd.bytes
            || self.events.len() > self.crowd.messages
    }

    /// The bytes of a message of this server.
    ///
    /// A text that no longer fits with its sender's name loses its end (CSC328-9). Nothing else
    /// can be too long, or nothing that the dialect cannot carry comes out of it; were there to
    /// be, sending nothing harms nobody.
    pub(super) fn encoded(&self, message: &ServerMessage) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = message.encode_cut(self.dialect, self.stamps.next(), &mut bytes);
        bytes
    }

    /// CSC328-2: whether a nickname that is taken is given again, in a server that is told to.
    fn shares_names(&self) -> bool {
        let mut last = self
            .last_claimed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let at_once = last.replace(Instant::now());
        let at_once = at_once.is_some_and(|last| last.elapsed() < SAME_TIME);
        self.faults.has(Fault::TakenShared) || at_once && self.faults.has(Fault::NameRaced)
    }

    /// Remembers that a nickname will be asked for.
    pub(super) fn announce(&self, name: &str) {
        self.announced().push((name.to_owned(), Instant::now()));
    }

    /// CSC328-2: whether somebody else asks for a nickname at the same time, in a server that looks
    /// at it.
    fn has_rival(&self, name: &str) -> bool {
        let mut announced = self.announced();
        announced.retain(|(_, at)| at.elapsed() < SAME_TIME * 3);
        let same = announced.iter().filter(|(other, _)| other == name);
        same.count() > 1
    }

    fn announced(&self) -> MutexGuard<'_, Vec<(String, Instant)>> {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The nicknames that were asked for in vain.
    fn asked_for(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.asked_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets nobody be heard for so long.
    pub(super) fn stall(&self, time: Duration) {
        *self.stalled() = Some(Instant::now() + time);
    }

    /// Until when nobody is heard.
    pub(super) fn stalled_until(&self) -> Option<Instant> {
        self.stalled().filter(|until| *until > Instant::now())
    }

    fn stalled(&self) -> MutexGuard<'_, Option<Instant>> {
        self.stalled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the server as a crash would.
    pub(super) fn crash(&self) {
        self.shutdown.cancel();
    }

    /// Somebody who is no member, and hears what is said.
    pub(super) fn eavesdropper(self: &Arc<Self>) -> Membership {
        Membership {
            room: Arc::clone(self),
            id: MemberId(u64::MAX),
            name: "nobody".into(),
            events: self.events.subscribe(),
            ending: None,
        }
    }

    /// CSC328-4: puts a text of a member before everybody.
    fn publish(&self, id: MemberId, name: &str, text: &str) {
        let (from, text) = match text.split_once(": ") {
            Some(claimed) if self.faults.has(Fault::SenderClaimed) => claimed,
            _ if self.faults.has(Fault::SenderUnnamed) => ("somebody", text),
            _ => (name, text),
        };
        let spaced = format!(" {text}");
        let text = if self.faults.has(Fault::FormSpaced) {
            &spaced
        } else {
            text
        };
        let from = if self.faults.has(Fault::FormDecorated) {
            format!("<{from}>")
        } else {
            from.to_owned()
        };
        let mut encoded = self.encoded(&ServerMessage::Broadcast {
            from: from.into_bytes(),
            text: text.as_bytes().to_vec(),
        });
        if self.faults.has(Fault::MessageCut) {
            encoded.pop();
        }
        if self.faults.has(Fault::MessageLonger) {
            encoded.push(0);
        }
        let alone = self.names().len() == 1 && self.faults.has(Fault::EchoAlone);
        self.kept_bytes.fetch_add(encoded.len(), Ordering::Relaxed);
        let event = Event {
            except: if alone || self.faults.has(Fault::Echo) {
                MemberId(u64::MAX)
            } else {
                id
            },
            encoded,
            kept_bytes: Arc::clone(&self.kept_bytes),
        };
        // An error means that nobody is there to hear it.
        let _ = self.events.send(Arc::new(event));
    }

    fn names(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a text ends that is taken to pieces.
pub(super) fn end_of_first(text: &str) -> usize {
    let at = (0..=SPLIT).rfind(|at| text.is_char_boundary(*at));
    at.unwrap_or_default()
}

/// A nickname and its place in what everybody is told. Dropping it frees the nickname.
#[derive(Debug)]
pub(super) struct Membership {
    room: Arc<Room>,
    id: MemberId,
    name: Arc<str>,
    events: broadcast::Receiver<Arc<Event>>,
    ending: Option<Ending>,
}

impl Membership {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// CSC328-4: puts the text before everybody, with the name of its sender.
    pub(super) fn say(&self, text: String) {
        let Self { room, name, .. } = self;
        // CSC328-8: every text, with its nickname; the log adds the time.
        if room.faults.has(Fault::LogWithoutNames) {
            room.log.event(format_args!("text: {text}"));
        } else if !room.faults.has(Fault::LogWithoutTexts) {
            room.log.event(format_args!("text {name}: {text}"));
        }
        if room.faults.has(Fault::TakenMutesOwner) && room.asked_for().contains(name) {
            return;
        }
        if room.faults.has(Fault::TextsWait) {
            return self.say_later(text);
        }
        if room.faults.has(Fault::LongSplit) && text.len() > SPLIT {
            let (first, rest) = text.split_at(end_of_first(&text));
            room.publish(self.id, name, first);
            return room.publish(self.id, name, rest);
        }
        room.publish(self.id, name, &text);
        if room.faults.has(Fault::TextTwice) {
            room.publish(self.id, name, &text);
        }
    }

    /// CSC328-6: only in a server that is told to wait with texts.
    fn say_later(&self, text: String) {
        let (room, id) = (Arc::clone(&self.room), self.id);
        let name: Weak<str> = Arc::downgrade(&self.name);
        tokio::spawn(async move {
            tokio::time::sleep(SAME_TIME).await;
            if let Some(name) = name.upgrade() {
                room.publish(id, &name, &text);
            }
        });
    }

    /// Waits until something was said and gives that and what followed, as far as it is small.
    ///
    /// Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>, TooFarBehind> {
        let mut batch = loop {
            let event = match self.events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(_)) => return Err(TooFarBehind),
                // This member itself keeps the room, so this is never reached.
                Err(RecvError::Closed) => std::future::pending().await,
            };
            if self.is_for_me(&event) {
                break event.encoded.clone();
            }
        };
        let faults = self.room.faults;
        if faults.has(Fault::BusyLoses) {
            while self.events.try_recv().is_ok() {}
        }
        if faults.has(Fault::WaitingTwice) && !self.events.is_empty() {
            batch.extend_from_within(..);
        }
        while batch.len() < BATCH {
            match self.events.try_recv() {
                Ok(event) if self.is_for_me(&event) => batch.extend_from_slice(&event.encoded),
                Ok(_) => {}
                Err(TryRecvError::Lagged(_)) => return Err(TooFarBehind),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Ok(batch)
    }

    /// CSC328-5: a text never goes back to its sender.
    fn is_for_me(&self, event: &Event) -> bool {
        let late_comer = self.id.0 > 2 && self.room.faults.has(Fault::TextToThree);
        event.except != self.id && !late_comer
    }

    /// How the connection has ended.
    pub(super) fn leave(mut self, ending: Ending) {
        self.ending = Some(ending);
    }

    /// CSC328-6: only in a server that is told to.
    fn keeps_name(&self) -> bool {
        let refused = self.room.faults.has(Fault::RefusedNameKept);
        if refused && self.room.asked_for().contains(&self.name) {
            return true;
        }
        let fault = match &self.ending {
            Some(Ending::Bye) => Fault::ByeKeepsName,
            Some(Ending::Lost(Lost::ClosedByClient)) => Fault::ClosedKeepsName,
            Some(Ending::Lost(Lost::Broken(_))) => Fault::ResetKeepsName,
            _ => return false,
        };
        self.room.faults.has(fault)
    }
}

impl Drop for Membership {
    /// CSC328-6: however the client went, its nickname is free.
    fn drop(&mut self) {
        if self.keeps_name() {
            return;
        }
        let reset = matches!(self.ending, Some(Ending::Lost(Lost::Broken(_))));
        if self.room.faults.has(Fault::NameFreedLate)
            || reset && self.room.faults.has(Fault::ResetFreesLate)
        {
            let (room, name) = (Arc::clone(&self.room), Arc::clone(&self.name));
            tokio::spawn(async move {
                tokio::time::sleep(LATE).await;
                room.names().remove(&name);
            });
            return;
        }
        self.room.names().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(parameters: &[(&str, &str)]) -> Arc<Room> {
        let mut options = Options::default();
        options.set("dialect", "line").unwrap();
        for (name, value) in parameters {
            options.set(name, value).unwrap();
        }
        Arc::new(Room::new(&options, CancellationToken::new()))
    }

    fn join(room: &Arc<Room>, name: &str) -> Membership {
        room.claim(name.to_owned()).unwrap()
    }

    async fn heard(member: &mut Membership) -> String {
        String::from_utf8(member.next().await.unwrap()).unwrap()
    }

    #[test]
    fn rule_2_and_6_a_nickname_is_taken_until_its_member_is_gone() {
        let room = room(&[]);
        let alice = join(&room, "alice");
        let error = room.claim("alice".to_owned()).err();
        assert_eq!(error, Some(NameError::InUse));
        let _bob = join(&room, "bob");
        drop(alice);
        join(&room, "alice");
    }

    #[tokio::test]
    async fn rule_4_and_5_everybody_but_the_sender_hears_in_order() {
        let room = room(&[]);
        let [mut alice, mut bob, mut carol] =
            ["alice", "bob", "carol"].map(|name| join(&room, name));
        alice.say("one".to_owned());
        bob.say("two".to_owned());
        alice.say("three".to_owned());
        assert_eq!(heard(&mut alice).await, "bob: two\n");
        assert_eq!(heard(&mut bob).await, "alice: one\nalice: three\n");
        let all = "alice: one\nbob: two\nalice: three\n";
        assert_eq!(heard(&mut carol).await, all);
    }

    #[tokio::test]
    async fn who_comes_later_hears_nothing_of_before() {
        let room = room(&[]);
        let alice = join(&room, "alice");
        alice.say("before".to_owned());
        let mut bob = join(&room, "bob");
        alice.say("after".to_owned());
        assert_eq!(heard(&mut bob).await, "alice: after\n");
    }

    #[tokio::test]
    async fn rule_9_a_text_is_cut_to_fit_with_its_prefix() {
        let room = room(&[("dialect", "word")]);
        let alice = join(&room, "alice");
        let mut bob = join(&room, "bob");
        alice.say("é".repeat(32_767));
        let bytes = bob.next().await.unwrap();
        assert_eq!(bytes.len(), 2 + 7 + 2 * 32_764);
    }

    #[tokio::test]
    async fn who_falls_behind_the_ring_is_told() {
        let room = room(&[("kept_messages", "100")]);
        let alice = join(&room, "alice");
        let mut bob = join(&room, "bob");
        for _ in 0..200 {
            alice.say("x".to_owned());
        }
        assert_eq!(bob.next().await, Err(TooFarBehind));
    }

    #[tokio::test]
    async fn the_room_is_crowded_while_somebody_holds_up_much() {
        let room = room(&[("kept_bytes", "1000")]);
        let alice = join(&room, "alice");
        let mut bob = join(&room, "bob");
        let carol = join(&room, "carol");
        alice.say("x".repeat(1000));
        assert!(room.is_crowded());
        bob.next().await.unwrap();
        assert!(room.is_crowded(), "carol has not heard it");
        drop(carol);
        assert!(room.is_crowded(), "alice herself has not fetched it");
        drop(alice);
        assert!(!room.is_crowded());
    }
}
