//! Running scenarios: sessions over sockets, one sequential task a scenario.
//!
//! [`Run::start`] gives what happens as [`Progress`]; it never prints. The parts, from the inside
//! out: a `session` is
//! a `connection`, whose bytes it cuts into messages, or a socket for `datagrams`; an `actor` has a session, an
//! inbox and what it was told to do; the `world` holds all actors of a scenario and serves their
//! sockets whenever anything waits; `observe`, `act`, `fence` and `server_step` are what steps do;
//! `problem` turns what went wrong into findings; `scenario` goes from the first step to the
//! verdict; `schedule` runs many of them side by side.

mod act;
mod actor;
mod asking;
mod client;
mod connect;
mod connection;
mod control;
mod datagrams;
pub mod embedded;
mod execute;
mod fence;
mod inbox;
mod lateness;
mod leftovers;
mod listening;
mod names;
mod observe;
mod outgoing;
mod ports;
mod problem;
mod program;
mod scenario;
mod schedule;
mod server_step;
mod session;
mod silence;
mod sockets;
mod stop;
mod subject;
mod target;
mod terminal;
pub mod transport;
mod unordered;
mod watch;
mod world;

pub use asking::{NotSpoken, ask};
pub use listening::is_listed;
pub use names::UsedNames;
pub use ports::Ports;
pub use schedule::{Progress, Run, Settings, Trial};
pub use target::{CLIENT_PLACEHOLDERS, FenceHealth, PLACEHOLDERS, Shared, Target};
