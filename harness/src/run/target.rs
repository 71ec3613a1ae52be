//! What is judged: where it is or how it is started, and what is known about it across scenarios.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::embedded::Fault;
use super::names::UsedNames;
use super::ports::Ports;

/// What is judged.
#[derive(Debug, Clone)]
pub enum Target {
    /// The reference server or client, a fresh one for each scenario.
    Embedded {
        /// What the program is told to do wrong, if anything.
        fault: Option<Fault>,
    },
    /// A server that runs somewhere.
    Attach {
        /// Where.
        address: SocketAddr,
    },
    /// A program, started afresh for each scenario.
    Spawn {
        /// The words of its command line, with placeholders such as `{port}`.
        words: Vec<String>,
        /// The port that it always listens on, if it cannot be told one.
        fixed_port: Option<u16>,
    },
    /// A client program, started afresh for each scenario.
    Client {
        /// The words of its command line, with placeholders such as `{port}`.
        words: Vec<String>,
    },
}

/// The placeholders of a command line that are not parameters.
pub const PLACEHOLDERS: &[&str] = &["host", "port", "dir", "log"];

/// The same for a client program.
pub const CLIENT_PLACEHOLDERS: &[&str] = &[
    "host",
    "port",
    "name",
    "client_port",
    "dialect",
    "dir",
    "log",
];

/// What all scenarios of a run share.
#[derive(Debug)]
pub struct Shared {
    /// What is judged.
    pub target: Target,
    /// Names that were given out.
    pub names: UsedNames,
    /// Ports that were given out.
    pub ports: Ports,
    /// What is known of fences, by protocol.
    pub fences: Mutex<HashMap<String, std::sync::Arc<FenceHealth>>>,
    /// Some connection to the target was made in this run.
    pub reached: AtomicBool,
    /// The target was given up: nobody listens there any more.
    pub unreachable: AtomicBool,
    /// The run is to end early.
    pub stop: CancellationToken,
    /// How much the harness may be late before what it judges by the clock is worth nothing.
    pub margin: Duration,
}

impl Shared {
    /// A new run.
    pub fn new(target: Target, stop: CancellationToken) -> Self {
        Self {
            target,
            names: UsedNames::default(),
            ports: Ports::default(),
            fences: Mutex::default(),
            reached: AtomicBool::new(false),
            unreachable: AtomicBool::new(false),
            stop,
            margin: Duration::from_millis(50),
        }
    }

    /// What is known of a protocol's fences on this target.
    pub(super) fn fence_health(&self, protocol: &str) -> std::sync::Arc<FenceHealth> {
        let mut fences = self
            .fences
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        std::sync::Arc::clone(fences.entry(protocol.to_owned()).or_default())
    }

    /// Whether users who are not of a scenario may be on the server.
    pub(super) fn may_have_strangers(&self) -> bool {
        matches!(self.target, Target::Attach { .. })
    }
}

/// Whether fences work on a target.
#[derive(Debug, Default)]
pub struct FenceHealth {
    state: AtomicU8,
}

const UNKNOWN: u8 = 0;
const WORKS: u8 = 1;
const BROKEN: u8 = 2;

impl FenceHealth {
    /// A fence came back.
    pub(super) fn note_working(&self) {
        let _ = self
            .state
            .compare_exchange(UNKNOWN, WORKS, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Fences do not come back on this target; true for the first who says so.
    pub(super) fn note_broken(&self) -> bool {
        self.state.swap(BROKEN, Ordering::Relaxed) != BROKEN
    }

    pub(super) fn works(&self) -> bool {
        self.state.load(Ordering::Relaxed) == WORKS
    }

    pub(super) fn is_broken(&self) -> bool {
        self.state.load(Ordering::Relaxed) == BROKEN
    }
}
