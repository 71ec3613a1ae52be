//! Whether somebody listens at an address, found out without a message of the protocol.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;

use super::connect::RETRY;
use super::stop::Done;
use super::world::World;
use crate::plan::StepPlace;
use crate::protocol::Transport;

/// Where the system lists its sockets.
const DATAGRAMS: [&str; 2] = ["/proc/net/udp", "/proc/net/udp6"];
const STREAMS: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// How a list writes that a socket waits for connections.
const LISTENS: &str = "0A";

/// The most of such a list that is read, in bytes.
const MAX_LIST: u64 = 4 * 1024 * 1024;

/// How long a refusal may take to come back.
const REFUSAL: Duration = Duration::from_millis(100);

impl World {
    /// Waits until somebody listens who has just been started; complains when nobody does.
    pub(super) async fn wait_for_listener(&mut self, actor: usize, place: &Arc<StepPlace>) -> Done {
        if !self.has_datagrams() || !self.subject.needs_listener(&self.shared) {
            return Ok(());
        }
        let until = self.subject.patience(&self.shared);
        let (address, ours) = (self.subject.address(), self.subject.program().is_some());
        loop {
            let heard = self.drive_beside(is_heard(address, ours)).await;
            match heard {
                Some(false) => {}
                Some(true) => {
                    self.subject.note_accepted(&self.shared);
                    return Ok(());
                }
                None => {
                    self.subject.note_asked();
                    return Ok(());
                }
            }
            let now = Instant::now();
            if now >= until || self.subject.death().is_some() {
                let error = io::Error::from(io::ErrorKind::ConnectionRefused);
                return self.not_connected(actor, place, &error).await;
            }
            let _: Option<()> = self.drive(now + RETRY, |_| None).await;
            self.go_on()?;
        }
    }
}

/// Whether somebody receives datagrams at `address`; `None` when that cannot be told. `ours`: it is a
/// program on this machine, so that the system's list is enough. Else an empty datagram is sent where
/// the list knows of nobody: a refusal comes back then.
pub(super) async fn is_heard(address: SocketAddr, ours: bool) -> Option<bool> {
    match is_listed(address, Transport::Udp) {
        Some(true) => return Some(true),
        Some(false) if ours => return Some(false),
        _ => {}
    }
    match is_refused(address).await {
        Ok(true) => Some(false),
        Ok(false) | Err(_) => None,
    }
}

/// Whether the system lists a socket that takes what comes to this port; `None` for other machines
/// and other systems.
pub fn is_listed(address: SocketAddr, transport: Transport) -> Option<bool> {
    if !address.ip().is_loopback() {
        return None;
    }
    let paths = match transport {
        Transport::Tcp => STREAMS,
        Transport::Udp => DATAGRAMS,
    };
    let lists: Vec<String> = paths
        .iter()
        .filter_map(|path| read(Path::new(path)))
        .collect();
    if lists.is_empty() {
        return None;
    }
    let is_it = |line: &str| {
        let listens = transport == Transport::Udp || state(line) == Some(LISTENS);
        listens && port(line) == Some(address.port())
    };
    Some(lists.iter().any(|list| list.lines().skip(1).any(is_it)))
}

/// The local port of a line: `  12: 0100007F:1F90 00000000:0000 07 …`.
fn port(line: &str) -> Option<u16> {
    let local = line.split_whitespace().nth(1)?;
    u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()
}

fn state(line: &str) -> Option<&str> {
    line.split_whitespace().nth(3)
}

/// How many datagrams the system has thrown away for sockets with these ports, because nobody read
/// them in time; 0 where it does not say.
pub(super) fn dropped(ports: &[u16]) -> u64 {
    let lists = DATAGRAMS.iter().filter_map(|path| read(Path::new(path)));
    let of_list = |list: String| {
        let lines = list.lines().skip(1);
        let ours = lines.filter(|line| port(line).is_some_and(|port| ports.contains(&port)));
        ours.filter_map(drops).sum::<u64>()
    };
    lists.map(of_list).sum()
}

/// The last column of a line.
fn drops(line: &str) -> Option<u64> {
    line.split_whitespace().nth(12)?.parse().ok()
}

fn read(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let mut text = String::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(MAX_LIST).read_to_string(&mut text).ok()?;
    Some(text)
}

async fn is_refused(address: SocketAddr) -> io::Result<bool> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (std::net::Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    socket.send(&[]).await?;
    let mut space = [0; 1];
    let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    match tokio::time::timeout(REFUSAL, socket.recv(&mut space)).await {
        Ok(Err(error)) => Ok(refused(&error)),
        Ok(Ok(_)) | Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_full_socket_loses_is_counted() {
        let full = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = full.local_addr().unwrap().port();
        socket2::SockRef::from(&full)
            .set_recv_buffer_size(1)
            .unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..100 {
            let _ = sender.send_to(&[0; 1000], ("127.0.0.1", port));
        }
        // Elsewhere than on Linux nobody counts.
        assert!(dropped(&[port]) > 0 || !cfg!(target_os = "linux"));
    }

    #[test]
    fn a_socket_is_heard_as_long_as_it_is_there() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = socket.local_addr().unwrap();
            // Elsewhere than on Linux there is no list, and an open socket says nothing.
            assert_ne!(is_heard(address, true).await, Some(false));
            assert!(!is_refused(address).await.unwrap());
            drop(socket);
            // Another test may have been given the same port just now.
            let mut refused = is_heard(address, false).await == Some(false);
            for _ in 0..5 {
                let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let address = other.local_addr().unwrap();
                drop(other);
                refused |= is_heard(address, false).await == Some(false);
            }
            assert!(refused);
        });
    }

    #[test]
    fn ports_are_found_in_lines_of_the_list() {
        let line = "  712: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000";
        assert_eq!(port(line), Some(8080));
        assert_eq!(state(line), Some("07"));
        let line = format!("{line}     0        0 2307916 2 000000001a3b50d9 17");
        assert_eq!(drops(&line), Some(17));
        assert_eq!(port("  sl  local_address rem_address"), None);
        assert_eq!(port(""), None);
    }
}
