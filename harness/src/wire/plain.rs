//! Messages that are read back as they were written, so that nobody has to look.
//!
//! What a scenario sends is shown as it is read by others: a kind that stands before may take the
//! bytes, and padding, templates and the like may change a value. Where neither can happen, the
//! second look at each sent message is saved.

use super::shape::{Content, Encoding, Frame, Part, Role, Shape, What};
use super::{Codec, Direction, Kind};

impl Codec {
    /// Finds out which shapes are plain, once all are known.
    pub(super) fn note_plain(&mut self) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let going = match direction {
                Direction::ToServer => &self.to_server,
                Direction::ToClient => &self.to_client,
            };
            for (turn, &at) in going.iter().enumerate() {
                let shape = |at: usize| self.kinds[at].shape(direction);
                let plain = shape(at).is_some_and(|own| {
                    let mut earlier = going[..turn].iter().filter_map(|&before| shape(before));
                    is_plain(&own.parts) && earlier.all(|other| other.never_takes(own))
                });
                if let Some(shape) = self.kinds[at].shape_mut(direction) {
                    shape.plain = plain;
                }
            }
        }
    }
}

impl Kind {
    fn shape_mut(&mut self, direction: Direction) -> Option<&mut Shape> {
        match direction {
            Direction::ToServer => self.to_server.as_mut(),
            Direction::ToClient => self.to_client.as_mut(),
        }
    }
}

impl Shape {
    /// True when a message of another shape contradicts a constant of this one.
    fn never_takes(&self, other: &Self) -> bool {
        let (Some(own), Some(other)) = (&self.sure, &other.sure) else {
            return false;
        };
        let mut both = own.bytes.iter().zip(&other.bytes);
        own.offset == other.offset && both.any(|(own, other)| own != other)
    }
}

/// Numbers, and text and bytes behind their length: what they mean and where they end is sure.
fn is_plain(parts: &[Part]) -> bool {
    parts.iter().all(|part| {
        let alone = !part.optional && part.counted_by.is_empty();
        alone
            && match &part.what {
                What::Number(number) => !matches!(number.role, Role::Length { .. }),
                What::Window(window) => match (&window.frame, &window.content) {
                    (Frame::Prefixed { .. }, Content::Text(Encoding::Utf8) | Content::Bytes) => {
                        window.suffix.is_empty()
                    }
                    (Frame::Inline, Content::Fields(parts)) => is_plain(parts),
                    _ => false,
                },
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::tests::codec;

    #[test]
    fn what_others_may_take_and_what_may_change_is_not_plain() {
        let codec = codec(
            "types: { str: { string: utf8, len: u8 } }\n\
             layout: { op: { type: u8, tag: true }, body: $body }\n\
             messages:\n\
             \x20 first: { dir: c2s, tag: 1, body: { a: u16, b: str } }\n\
             \x20 notice: { dir: c2s, tag: 2, body: { a: { type: str, const: x } } }\n\
             \x20 same_tag: { dir: c2s, tag: 2, body: { a: str } }\n\
             \x20 padded: { dir: c2s, tag: 3, body: { a: { string: utf8, len: 8, pad: ' ' } } }\n\
             \x20 ended: { dir: c2s, tag: 4, body: { a: { string: utf8, until: ';' } } }\n\
             \x20 last: { dir: c2s, tag: 5, body: { a: { bytes: u8 } } }\n",
        );
        let plain = codec.kinds.iter().filter(|kind| {
            let shape = kind.shape(Direction::ToServer);
            shape.is_some_and(|shape| shape.plain)
        });
        let names: Vec<&str> = plain.map(|kind| &*kind.name).collect();
        assert_eq!(names, ["first", "last"]);
    }
}
