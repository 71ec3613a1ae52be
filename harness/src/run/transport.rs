//! The seam between the engine and the network.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};

/// A connected byte stream; TCP in the program, memory in tests.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// Makes closing reset the connection.
    ///
    /// # Errors
    /// When the system refuses it.
    fn reset_on_close(&mut self) -> io::Result<()>;

    /// The addresses of both ends, as far as they are known.
    fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>);
}

impl Stream for TcpStream {
    fn reset_on_close(&mut self) -> io::Result<()> {
        socket2::SockRef::from(&*self).set_linger(Some(Duration::ZERO))
    }

    fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        (self.local_addr().ok(), self.peer_addr().ok())
    }
}

/// A connected byte stream of either kind.
pub type AnyStream = Box<dyn Stream>;

/// A connection attempt under way.
pub type Connecting = Pin<Box<dyn Future<Output = io::Result<AnyStream>>>>;

/// Makes connections to the program under test.
pub trait Connector {
    /// Begins one attempt; `receive_buffer` is the size of the socket's receive buffer in bytes.
    fn connect(&self, receive_buffer: Option<u32>) -> Connecting;
}

/// Connects by TCP.
#[derive(Debug, Clone, Copy)]
pub struct TcpConnector {
    /// Where to.
    pub address: SocketAddr,
}

/// How long one attempt may take: a host that drops packets does not answer at all.
const ATTEMPT: Duration = Duration::from_secs(5);

impl Connector for TcpConnector {
    fn connect(&self, receive_buffer: Option<u32>) -> Connecting {
        let address = self.address;
        Box::pin(async move {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            if let Some(size) = receive_buffer {
                socket.set_recv_buffer_size(size)?;
            }
            let stream = tokio::time::timeout(ATTEMPT, socket.connect(address))
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            stream.set_nodelay(true)?;
            let stream: AnyStream = Box::new(stream);
            Ok(stream)
        })
    }
}
