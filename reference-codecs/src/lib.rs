//! Typed codecs of the chat protocols, encode beside decode.
//!
//! [`decode`] holds what all protocols share: the buffer that grows until a message is whole and
//! the three answers of an incremental decoder, [`dialect`] how variants of a protocol are named.
//! Each protocol has one module with its messages. [`faults`] is no codec: it is how reference
//! servers and clients are told to break a rule.
//! Nothing here opens a socket or knows a runtime.

pub mod bcp;
pub mod chatapp;
pub mod chatbooth;
pub mod csc328;
pub mod decode;
pub mod dialect;
pub mod faults;
mod json;
#[cfg(test)]
mod testing;
pub mod wireproto;

pub use decode::{Decode, Decoded, Decoder, EncodeError, Malformed, Reason};
pub use dialect::UnknownDialect;
