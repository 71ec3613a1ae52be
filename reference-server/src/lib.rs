//! Reference servers of the chat protocols.
//!
//! A connection goes through the modules in this order: [`cli`] reads the flags, [`net`] accepts,
//! the protocol's module (such as [`bcp`]) serves over a [`Link`](link::Link), whose
//! [`Outbox`](outbox::Outbox) holds what the peer has not read yet, and [`Log`] tells what
//! happened. Everything outside the modules of the protocols knows no protocol.
//!
//! A server is a function of a listener, options and a token that stops it, so that tests and
//! other programs run it in their own process on a port of their choice.

pub mod bcp;
pub mod chatapp;
pub mod chatbooth;
pub mod cli;
pub mod csc328;
mod desk;
pub mod duration;
pub mod link;
pub mod log;
mod mail;
pub mod net;
mod open_files;
pub mod options;
pub mod outbox;
mod outgoing;
pub mod pace;
mod search;
pub mod size;
pub mod wireproto;

pub use log::Log;
pub use options::OptionError;
pub use reference_codecs::faults;
