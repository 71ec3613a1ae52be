//! Free ports for programs that must be told theirs.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Mutex;

use rand::RngExt as _;
use socket2::{Domain, Socket, Type};

/// Ports given out are from here, below the range from which systems take the ports of outgoing
/// connections: nobody's connection can take a port between its choice and its use.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// How many ports are tried.
const TRIES: usize = 500;

/// Gives out ports that nobody listens on and that this process has not given out before.
#[derive(Debug, Default)]
pub struct Ports {
    taken: Mutex<HashSet<u16>>,
}

impl Ports {
    /// A free port, if one can be found.
    pub fn take(&self) -> Option<u16> {
        let mut rng = rand::rng();
        for _ in 0..TRIES {
            let port = rng.random_range(RANGE);
            let fresh = {
                let mut taken = self
                    .taken
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                taken.insert(port)
            };
            if fresh {
                if is_free((Ipv4Addr::LOCALHOST, port).into()).is_ok() {
                    return Some(port);
                }
                self.give_back(port);
            }
        }
        None
    }

    /// Makes a port available again.
    pub fn give_back(&self, port: u16) {
        let mut taken = self
            .taken
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        taken.remove(&port);
    }
}

/// Fails when somebody listens here. Nothing listens meanwhile: a process that is started in this
/// moment has all sockets until it becomes another program, and would hold the port open.
fn is_free(here: SocketAddr) -> io::Result<()> {
    let stream = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    stream.set_reuse_address(true)?;
    stream.bind(&here.into())?;
    UdpSocket::bind(here).map(drop)
}
