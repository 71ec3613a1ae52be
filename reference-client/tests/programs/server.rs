//! A reference server for the clients, and the clients of other languages.

use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use reference_server::net::bind;
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

use crate::DEADLINE;

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../python/");

/// A server in a thread of its own, stopped when dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start<Running: Future<Output = io::Result<()>>>(
        run: impl FnOnce(TcpListener, CancellationToken) -> Running + Send + 'static,
    ) -> Self {
        Self::bound(async |token, sender: Sender<u16>| {
            let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
            sender.send(listener.local_addr().unwrap().port()).unwrap();
            run(listener, token).await.unwrap();
        })
    }

    /// A server that takes datagrams.
    pub(crate) fn of_datagrams<Running: Future<Output = io::Result<()>>>(
        run: impl FnOnce(UdpSocket, CancellationToken) -> Running + Send + 'static,
    ) -> Self {
        Self::bound(async |token, sender: Sender<u16>| {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            sender.send(socket.local_addr().unwrap().port()).unwrap();
            run(socket, token).await.unwrap();
        })
    }

    /// Binds within `serve`, which tells the port.
    fn bound(serve: impl AsyncFnOnce(CancellationToken, Sender<u16>) + Send + 'static) -> Self {
        let stop = CancellationToken::new();
        let (token, (sender, bound)) = (stop.clone(), mpsc::channel());
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(serve(token, sender));
        });
        let port = bound.recv_timeout(DEADLINE).unwrap();
        Self {
            port,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The command that starts a program of the folder `python`.
pub(crate) fn python_program(path: &str) -> Command {
    let mut command = Command::new("python3");
    // No compiled files beside the sources.
    command.args(["-B", &format!("{PYTHON}{path}")]);
    command
}

pub(crate) fn has_python() -> bool {
    let check = "import sys; sys.exit(sys.version_info < (3, 7))";
    let found = Command::new("python3")
        .args(["-c", check])
        .status()
        .is_ok_and(|s| s.success());
    if !found {
        eprintln!("skipped: there is no python3 of version 3.7 or later");
    }
    found
}
