//! The reference server as a process of its own.

use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::program::eventually;

/// A reference server, which ends with this value.
pub(crate) struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts the server of a protocol, in its own dialect where none is named.
    pub(crate) fn start(protocol: &str, dialect: Option<&str>) -> Self {
        let port = harness::run::Ports::default().take().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
        command.args(["reference-server", protocol, "--port"]);
        command.arg(port.to_string());
        if let Some(dialect) = dialect {
            command.args(["--dialect", dialect]);
        }
        let child = command.stdout(Stdio::null()).spawn().unwrap();
        let server = Self { child, port };
        eventually("a server that listens", || server.connect());
        server
    }

    pub(crate) fn target(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn connect(&self) -> Option<TcpStream> {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
