//! The words for an actor's sockets, where messages are datagrams.

/// The socket that an actor has from its first step on.
pub const MAIN: &str = "main";

/// A new socket for one request.
pub const FRESH: &str = "fresh";

/// Stands for the sender's address where a datagram's fields are captured.
pub const SOURCE: &str = "$source";

/// The socket from which the actor sent its last request.
pub const REQUEST: &str = "request";
