//! Texts that wait for their readers, or are on their way and would have to wait.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use reference_codecs::chatapp::{Mail, MailKind};

use super::Limits;
use super::users::UserId;

/// What a text costs beside its content, in bytes.
const OVERHEAD: usize = 128;

/// A text, shared by all whom it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// Counts texts in the order in which they came.
    pub(super) id: u64,
    pub(super) kind: MailKind,
    pub(super) from: String,
    pub(super) content: String,
    /// When it came, as `2026-11-20 10:38:48`, in UTC.
    pub(super) timestamp: String,
}

impl Text {
    fn cost(&self) -> usize {
        self.content.len() + self.from.len() + OVERHEAD
    }

    /// The form in which it is handed to its reader.
    pub(super) fn mail(&self, to: &str) -> Mail {
        Mail {
            id: self.id,
            content: self.content.clone(),
            from: self.from.clone(),
            to: to.to_owned(),
            kind: self.kind,
            timestamp: self.timestamp.clone(),
            status: "yes".to_owned(),
        }
    }
}

/// Whether a text is to be handed out at the next registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is.
    Waiting,
    /// Not as long as it may still be acknowledged.
    OnItsWay,
}

#[derive(Debug, Default)]
struct Mailbox {
    texts: BTreeMap<u64, (Arc<Text>, State)>,
    bytes: usize,
}

/// The texts of all users.
#[derive(Debug)]
pub(super) struct Mailboxes {
    boxes: HashMap<UserId, Mailbox>,
    last_id: u64,
    limits: Limits,
}

impl Mailboxes {
    /// Mailboxes within the limits. The next text gets the number behind `last_id`.
    pub(super) fn new(limits: Limits, last_id: u64) -> Self {
        Self {
            boxes: HashMap::new(),
            last_id,
            limits,
        }
    }

    /// The number of the next text.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Whether one more text fits.
    pub(super) fn has_room(&self, reader: UserId, text: &Text) -> bool {
        self.boxes.get(&reader).is_none_or(|mailbox| {
            mailbox.texts.len() < self.limits.queued_messages
                && mailbox.bytes.saturating_add(text.cost()) <= self.limits.queued_bytes
        })
    }

    /// Puts a text in, whether it fits or not.
    pub(super) fn put(&mut self, reader: UserId, text: Arc<Text>, state: State) {
        let mailbox = self.boxes.entry(reader).or_default();
        mailbox.bytes += text.cost();
        mailbox.texts.insert(text.id, (text, state));
    }

    /// A text that was on its way has to wait.
    pub(super) fn keep(&mut self, reader: UserId, id: u64) {
        let mailbox = self.boxes.get_mut(&reader);
        if let Some((_, state)) = mailbox.and_then(|mailbox| mailbox.texts.get_mut(&id)) {
            *state = State::Waiting;
        }
    }

    /// A text has reached its reader.
    pub(super) fn remove(&mut self, reader: UserId, id: u64) {
        if let Some(mailbox) = self.boxes.get_mut(&reader) {
            if let Some((text, _)) = mailbox.texts.remove(&id) {
                mailbox.bytes = mailbox.bytes.saturating_sub(text.cost());
            }
            if mailbox.texts.is_empty() {
                self.boxes.remove(&reader);
            }
        }
    }

    /// Whether a reader has a text that may still be acknowledged.
    pub(super) fn expects(&self, reader: UserId) -> bool {
        let texts = self
            .boxes
            .get(&reader)
            .map(|mailbox| mailbox.texts.values());
        let mut states = texts.into_iter().flatten().map(|(_, state)| *state);
        states.any(|state| state == State::OnItsWay)
    }

    /// Forgets what may still be acknowledged.
    pub(super) fn forget_expected(&mut self, reader: UserId) {
        let Some(mailbox) = self.boxes.get(&reader) else {
            return;
        };
        let texts = mailbox.texts.iter();
        let expected = texts.filter(|(_, (_, state))| *state == State::OnItsWay);
        let expected: Vec<u64> = expected.map(|(id, _)| *id).collect();
        for id in expected {
            self.remove(reader, id);
        }
    }

    /// What waits, oldest first; it does not wait any more.
    pub(super) fn take(&mut self, reader: UserId) -> Vec<Arc<Text>> {
        let waiting: Vec<Arc<Text>> = self.boxes.get(&reader).map_or_else(Vec::new, |mailbox| {
            let texts = mailbox.texts.values();
            let waiting = texts.filter(|(_, state)| *state == State::Waiting);
            waiting.map(|(text, _)| Arc::clone(text)).collect()
        });
        for text in &waiting {
            self.remove(reader, text.id);
        }
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: u64, content: &str) -> Arc<Text> {
        Arc::new(Text {
            id,
            kind: MailKind::Send,
            from: "a".to_owned(),
            content: content.to_owned(),
            timestamp: String::new(),
        })
    }

    #[test]
    fn a_mailbox_hands_out_what_waits_in_order() {
        let mut boxes = Mailboxes::new(Limits::default(), 3);
        let (bob, carol) = (UserId(1), UserId(2));
        boxes.put(bob, text(2, "two"), State::Waiting);
        boxes.put(bob, text(1, "one"), State::Waiting);
        boxes.put(bob, text(3, "three"), State::OnItsWay);
        boxes.put(carol, text(3, "three"), State::OnItsWay);
        let ids = |texts: Vec<Arc<Text>>| texts.iter().map(|text| text.id).collect::<Vec<_>>();
        assert_eq!(ids(boxes.take(bob)), [1, 2]);
        assert!(boxes.take(bob).is_empty());
        boxes.keep(bob, 3);
        boxes.remove(carol, 3);
        boxes.keep(carol, 3);
        assert_eq!(ids(boxes.take(bob)), [3]);
        assert!(boxes.take(carol).is_empty());
        assert!(boxes.boxes.is_empty());
        assert_eq!([boxes.next_id(), boxes.next_id()], [4, 5]);
    }

    #[test]
    fn a_mailbox_has_limits() {
        let limits = Limits {
            queued_messages: 2,
            queued_bytes: 2 * (OVERHEAD + 4),
            ..Limits::default()
        };
        let mut boxes = Mailboxes::new(limits, 0);
        let bob = UserId(1);
        boxes.put(bob, text(1, "one"), State::Waiting);
        assert!(boxes.has_room(bob, &text(2, "two")));
        assert!(!boxes.has_room(bob, &text(2, "three")));
        boxes.put(bob, text(2, "two"), State::Waiting);
        assert!(!boxes.has_room(bob, &text(3, "")));
        boxes.remove(bob, 1);
        assert!(boxes.has_room(bob, &text(3, "two")));
    }
}
