//! What one connection is still to be sent, frame by frame.

use std::collections::VecDeque;

use reference_codecs::chatbooth::{BodyLimit, ClientMessage, HEAD_LEN, ServerMessage};
use tokio::sync::OwnedSemaphorePermit;

use super::Fault;
use super::mail::Mail;
use crate::faults::Faults;
use crate::link::{Link, Lost};

/// Bytes that wait for the peer before no further frame is written.
pub(super) const BATCH: usize = 64 << 10;

/// Frames in the order in which they go out. Messages that were not sent can be taken back.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    frames: VecDeque<Frame>,
    /// Bytes of all frames that were written so far.
    written: u64,
    /// What has to be held until its frame has gone, and where that ends.
    held: VecDeque<(u64, Held)>,
    faults: Faults<Fault>,
}

#[derive(Debug)]
enum Frame {
    Mail(Mail),
    Answer(ServerMessage, Option<OwnedSemaphorePermit>),
}

#[derive(Debug)]
enum Held {
    Mail(Mail),
    /// The memory of a long answer.
    Memory(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit),
}

impl Outgoing {
    /// Nothing to be sent.
    pub(super) fn new(faults: Faults<Fault>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// Whether every frame was written, though the peer may not have taken the last ones.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Messages for the client, in their order.
    pub(super) fn push_mail(&mut self, mail: Vec<Mail>) {
        self.frames.extend(mail.into_iter().map(Frame::Mail));
    }

    /// The answer to a request, and the memory that was set aside for it.
    pub(super) fn push_answer(
        &mut self,
        answer: ServerMessage,
        memory: Option<OwnedSemaphorePermit>,
    ) {
        self.frames.push_back(Frame::Answer(answer, memory));
    }

    /// CHATBOOTH-8: whole frames one after another; nothing else writes to a connection.
    pub(super) fn write(&mut self, link: &mut Link<ClientMessage>) -> Result<(), Lost> {
        while link.waiting() < BATCH
            && let Some(frame) = self.frames.pop_front()
        {
            let mut bytes = self.encode(frame);
            if self.faults.has(Fault::PushedInside)
                && let Some(next) = self.frames.pop_front()
            {
                let next = self.encode(next);
                let middle = bytes.len() / 2;
                bytes.splice(middle..middle, next);
            }
            link.send(&bytes)?;
        }
        let sent = self.sent(link.waiting());
        while self.held.front().is_some_and(|(end, _)| *end <= sent) {
            self.held.pop_front();
        }
        Ok(())
    }

    /// The messages of which the peer has not taken the end, in their order.
    pub(super) fn into_unsent(self, waiting: usize) -> Vec<Mail> {
        let sent = self.sent(waiting);
        let held = self.held.into_iter().filter(|(end, _)| *end > sent);
        let written = held.filter_map(|(_, held)| match held {
            Held::Mail(mail) => Some(mail),
            Held::Memory(_) => None,
        });
        let unwritten = self.frames.into_iter().filter_map(|frame| match frame {
            Frame::Mail(mail) => Some(mail),
            Frame::Answer(..) => None,
        });
        written.chain(unwritten).collect()
    }

    fn sent(&self, waiting: usize) -> u64 {
        let waiting = u64::try_from(waiting).unwrap_or(u64::MAX);
        self.written.saturating_sub(waiting)
    }

    fn encode(&mut self, frame: Frame) -> Vec<u8> {
        let mut bytes = Vec::new();
        let held = match frame {
            Frame::Mail(mail) => {
                let text = mail.text.to_vec();
                // No body here is longer than what the size field can say.
                let _ = ServerMessage::Message { text }.encode(BodyLimit::NONE, &mut bytes);
                if self.faults.has(Fault::SizeOfOneByte) {
                    // The size is the last number of the head: all its bytes but the lowest.
                    bytes
                        .iter_mut()
                        .take(HEAD_LEN - 1)
                        .skip(HEAD_LEN - 4)
                        .for_each(|byte| *byte = 0);
                }
                Some(Held::Mail(mail))
            }
            Frame::Answer(answer, memory) => {
                let _ = answer.encode(BodyLimit::NONE, &mut bytes);
                memory.map(Held::Memory)
            }
        };
        self.written += u64::try_from(bytes.len()).unwrap_or_default();
        self.held.extend(held.map(|held| (self.written, held)));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::accounts::AccountId;
    use super::super::mail::Store;
    use super::*;

    #[test]
    fn rule_10_what_was_not_taken_to_its_end_comes_back_in_order() {
        let store = Store::new(1 << 20);
        let mail = |text: &[u8]| store.take_in(AccountId(1), text.to_vec()).unwrap();
        let mut outgoing = Outgoing::default();
        for text in [b"one", b"two"] {
            let bytes = outgoing.encode(Frame::Mail(mail(text)));
            assert_eq!(bytes.len(), 9);
        }
        outgoing.encode(Frame::Answer(ServerMessage::done(), None));
        outgoing.push_mail(vec![mail(b"three")]);
        outgoing.push_answer(ServerMessage::done(), None);
        // The peer has taken the first message and half of the second.
        let unsent = outgoing.into_unsent(7 + 5);
        let texts: Vec<&[u8]> = unsent.iter().map(|mail| &*mail.text).collect();
        assert_eq!(texts, [&b"two"[..], &b"three"[..]]);
    }
}
