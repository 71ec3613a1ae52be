//! Ports: free ones for programs that must be told theirs, and those of the fake clients' sockets for
//! datagrams.
//!
//! Both are taken in turn, and so come again late. What a program still sends to somebody who has gone
//! must not reach somebody else, to whom it would look as if the program under test had sent it.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};

use rand::RngExt as _;
use socket2::{Domain, Socket, Type};

use claim::Claim;

/// Ports given to programs are from here, below the range from which systems take the ports of outgoing
/// connections: nobody's connection can take a port between its choice and its use.
const FOR_PROGRAMS: Range<u16> = 20_000..32_000;

/// Sockets for datagrams have theirs from here, and those of servers under test do not.
const FOR_DATAGRAMS: Range<u16> = 10_000..20_000;

/// How many ports are tried.
const TRIES: usize = 500;

/// Gives out ports that nobody has and that this process has not given out lately.
#[derive(Debug)]
pub struct Ports {
    taken: Mutex<HashMap<u16, Claim>>,
    for_programs: Turn,
    for_datagrams: Turn,
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            taken: Mutex::default(),
            for_programs: Turn::somewhere_in(FOR_PROGRAMS),
            for_datagrams: Turn::somewhere_in(FOR_DATAGRAMS),
        }
    }
}

impl Ports {
    /// A free port for a program, if one can be found. It is nobody else's until it is
    /// [given back](Self::give_back), in other runs of the harness on this machine neither.
    pub fn take(&self) -> Option<u16> {
        let free = |port: &u16| {
            let Some(claim) = Claim::new(*port) else {
                return false;
            };
            if is_free((Ipv4Addr::LOCALHOST, *port).into()).is_err() {
                return false;
            }
            let mut taken = self
                .taken
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let fresh = !taken.contains_key(port);
            if fresh {
                taken.insert(*port, claim);
            }
            fresh
        };
        (0..TRIES).map(|_| self.for_programs.next()).find(free)
    }

    /// Makes a port available again.
    pub fn give_back(&self, port: u16) {
        let mut taken = self
            .taken
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        taken.remove(&port);
    }

    /// Opens a socket for datagrams at this address, whose port is chosen here.
    ///
    /// # Errors
    /// When the system gives none.
    pub(super) fn open_datagrams(&self, mut here: SocketAddr) -> io::Result<UdpSocket> {
        for _ in 0..TRIES {
            here.set_port(self.for_datagrams.next());
            match UdpSocket::bind(here) {
                Err(error) if is_taken(&error) => {}
                outcome => return outcome,
            }
        }
        here.set_port(0);
        UdpSocket::bind(here)
    }
}

/// One port after the other, around a range.
#[derive(Debug)]
struct Turn {
    range: Range<u16>,
    /// How far it has come, counted from the start of the range and around it.
    at: AtomicU16,
}

impl Turn {
    /// Begins anywhere: other runs on this machine have their turns as well.
    fn somewhere_in(range: Range<u16>) -> Self {
        let at = rand::rng().random_range(0..range.end - range.start).into();
        Self { range, at }
    }

    fn next(&self) -> u16 {
        let count = self.range.end - self.range.start;
        let step = |at: u16| Some((at + 1) % count);
        let at = self
            .at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step)
            .unwrap_or_default();
        self.range.start + at
    }
}

/// Somebody has the port, or the system keeps it for somebody.
fn is_taken(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrInUse, PermissionDenied};
    matches!(error.kind(), AddrInUse | PermissionDenied)
}

/// Fails when somebody listens here. Nothing listens meanwhile: a process that is started in this
/// moment has all sockets until it becomes another program, and would hold the port open.
fn is_free(here: SocketAddr) -> io::Result<()> {
    let stream = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    stream.set_reuse_address(true)?;
    stream.bind(&here.into())?;
    UdpSocket::bind(here).map(drop)
}

/// What other runs of the harness see of a port between its choice and its use: a name in a space that
/// all processes share which share ports.
#[cfg(target_os = "linux")]
mod claim {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    #[derive(Debug)]
    pub(super) struct Claim(
        #[expect(dead_code, reason = "held, and never looked at")] UnixDatagram,
    );

    impl Claim {
        /// Nothing when another run has the port.
        pub(super) fn new(port: u16) -> Option<Self> {
            let name = SocketAddr::from_abstract_name(format!("harness port {port}")).ok()?;
            UnixDatagram::bind_addr(&name).ok().map(Self)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod claim {
    #[derive(Debug)]
    pub(super) struct Claim;

    impl Claim {
        pub(super) fn new(_port: u16) -> Option<Self> {
            Some(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_port_comes_again_only_after_all_others() {
        let turn = Turn::somewhere_in(100..150);
        let first: Vec<u16> = (0..50).map(|_| turn.next()).collect();
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), 50);
        assert!(first.iter().all(|port| (100..150).contains(port)));
        assert_eq!(turn.next(), first[0]);
    }

    #[test]
    fn what_one_run_has_taken_no_other_gets() {
        let (one, other) = (Ports::default(), Ports::default());
        let port = one.take().unwrap();
        let at = port - FOR_PROGRAMS.start;
        other.for_programs.at.store(at, Ordering::Relaxed);
        if cfg!(target_os = "linux") {
            assert_ne!(other.take(), Some(port));
        }
        one.give_back(port);
        other.for_programs.at.store(at, Ordering::Relaxed);
        let again = other.take();
        // Another process may have it now.
        assert!(again.is_some());
    }

    #[test]
    fn closed_sockets_leave_their_ports_alone_for_long() {
        let ports = Ports::default();
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let open = |_| ports.open_datagrams(here).unwrap().local_addr().unwrap();
        let seen: HashSet<SocketAddr> = (0..1_000).map(open).collect();
        assert_eq!(seen.len(), 1_000);
    }
}
