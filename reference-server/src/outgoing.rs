//! What one connection is still to be sent, frame by frame.

use std::collections::VecDeque;

use reference_codecs::Decode;
use tokio::sync::OwnedSemaphorePermit;

use crate::link::{Link, Lost};
use crate::mail::Mail;

/// Bytes that wait for the peer before no further frame is written.
pub(crate) const BATCH: usize = 64 << 10;

/// Frames in the order in which they go out. Messages that were not sent can be taken back.
#[derive(Debug)]
pub(crate) struct Outgoing {
    frames: VecDeque<Frame>,
    /// The frame of a message that has this text.
    encode: fn(&[u8]) -> Vec<u8>,
    /// A frame is sent in the middle of the one before, in a server that is told to.
    pub(crate) mixes: bool,
    /// Bytes of all frames that were written so far.
    written: u64,
    /// What has to be held until its frame has gone, and where that ends.
    held: VecDeque<(u64, Held)>,
}

#[derive(Debug)]
enum Frame {
    /// Encoded only when it goes, so that what waits here is in memory once.
    Mail(Mail),
    Answer(Vec<u8>, Option<Held>),
}

#[derive(Debug)]
enum Held {
    Mail(Vec<Mail>),
    /// The memory of a long answer.
    Memory(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit),
}

impl Outgoing {
    /// Nothing to send; messages are encoded by `encode`.
    pub(crate) fn new(encode: fn(&[u8]) -> Vec<u8>) -> Self {
        Self {
            frames: VecDeque::new(),
            encode,
            mixes: false,
            written: 0,
            held: VecDeque::new(),
        }
    }

    /// Whether every frame was written, though the peer may not have taken the last ones.
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Messages for the client, in their order.
    pub(crate) fn push_mail(&mut self, mail: Vec<Mail>) {
        self.frames.extend(mail.into_iter().map(Frame::Mail));
    }

    /// The answer to a request.
    pub(crate) fn push_answer(&mut self, frame: Vec<u8>) {
        self.frames.push_back(Frame::Answer(frame, None));
    }

    /// A long answer, and the memory that was set aside for it.
    pub(crate) fn push_long_answer(&mut self, frame: Vec<u8>, memory: OwnedSemaphorePermit) {
        let held = Some(Held::Memory(memory));
        self.frames.push_back(Frame::Answer(frame, held));
    }

    /// An answer that has these messages in it.
    pub(crate) fn push_answer_with(&mut self, frame: Vec<u8>, mail: Vec<Mail>) {
        let held = Some(Held::Mail(mail));
        self.frames.push_back(Frame::Answer(frame, held));
    }

    /// Passes whole frames on, one after another; nothing else may write to the connection, so
    /// that frames do not mix.
    pub(crate) fn write<M: Decode>(&mut self, link: &mut Link<M>) -> Result<(), Lost> {
        while link.waiting() < BATCH
            && let Some(frame) = self.frames.pop_front()
        {
            let mut bytes = self.encode(frame);
            if self.mixes
                && let Some(next) = self.frames.pop_front()
            {
                let middle = bytes.len() / 2;
                bytes.splice(middle..middle, self.encode(next));
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
    pub(crate) fn into_unsent(self, waiting: usize) -> Vec<Mail> {
        let sent = self.sent(waiting);
        let held = self.held.into_iter().filter(|(end, _)| *end > sent);
        let written = held.map(|(_, held)| held);
        let unwritten = self.frames.into_iter().filter_map(|frame| match frame {
            Frame::Mail(mail) => Some(Held::Mail(vec![mail])),
            Frame::Answer(_, held) => held,
        });
        let mail = written.chain(unwritten).filter_map(|held| match held {
            Held::Mail(mail) => Some(mail),
            Held::Memory(_) => None,
        });
        mail.flatten().collect()
    }

    fn sent(&self, waiting: usize) -> u64 {
        let waiting = u64::try_from(waiting).unwrap_or(u64::MAX);
        self.written.saturating_sub(waiting)
    }

    fn encode(&mut self, frame: Frame) -> Vec<u8> {
        let (bytes, held) = match frame {
            Frame::Mail(mail) => ((self.encode)(&mail.text), Some(Held::Mail(vec![mail]))),
            Frame::Answer(bytes, held) => (bytes, held),
        };
        self.written += u64::try_from(bytes.len()).unwrap_or_default();
        self.held.extend(held.map(|held| (self.written, held)));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{AccountId, Store};

    #[test]
    fn what_was_not_taken_to_its_end_comes_back_in_order() {
        let mut store = Store::new(1 << 20);
        let mut mail = |text: &[u8]| store.take_in(AccountId(1), text.to_vec()).unwrap();
        let mut outgoing = Outgoing::new(|text| [b"message ", text].concat());
        for text in [b"one", b"two"] {
            let bytes = outgoing.encode(Frame::Mail(mail(text)));
            assert_eq!(bytes.len(), 11);
        }
        outgoing.encode(Frame::Answer(b"done".to_vec(), None));
        outgoing.push_answer_with(b"queue".to_vec(), vec![mail(b"three"), mail(b"four")]);
        outgoing.push_mail(vec![mail(b"five")]);
        outgoing.push_answer(b"done".to_vec());
        // The peer has taken the first message and half of the second.
        let unsent = outgoing.into_unsent(4 + 5);
        let texts: Vec<&[u8]> = unsent.iter().map(|mail| &*mail.text).collect();
        let expected: [&[u8]; 4] = [b"two", b"three", b"four", b"five"];
        assert_eq!(texts, expected);
    }
}
