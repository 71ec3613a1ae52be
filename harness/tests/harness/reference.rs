//! The real thing: all scenarios that come with the harness, against the reference servers.

use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::program::{eventually, repository, run, run_once};

/// A reference server as a process of its own.
struct Server {
    child: Child,
    target: String,
}

impl Server {
    fn start(dialect: &str) -> Self {
        let port = harness::run::Ports::default().take().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_harness"))
            .args(["reference-server", "bcp", "--dialect", dialect, "--port"])
            .arg(port.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let target = format!("127.0.0.1:{port}");
        let server = Self { child, target };
        eventually("a server that listens", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        });
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn scenarios(protocol: &str) -> String {
    repository()
        .join("scenarios")
        .join(protocol)
        .display()
        .to_string()
}

#[test]
fn the_reference_servers_conform() {
    run(&["run", &scenarios("")]).expect(0);
}

#[test]
fn the_reference_server_conforms_in_its_other_dialect() {
    run(&["run", &scenarios("bcp"), "--dialect", "rpchat"]).expect(0);
}

/// Judged again and again, the same process gives the same verdict. Areas whose scenarios leave
/// something behind on a server; all of them take minutes one after the other.
#[track_caller]
fn twice(dialect: &str, filters: &[&str]) {
    let server = Server::start(dialect);
    let bcp = scenarios("bcp");
    let mut words = vec![
        "run",
        &bcp,
        "--dialect",
        dialect,
        "--target",
        &server.target,
    ];
    for filter in filters {
        words.extend(["-f", filter]);
    }
    for _ in 0..2 {
        run(&words).expect(0);
    }
}

#[test]
fn a_running_reference_server_conforms_twice() {
    twice(
        "spec",
        &["bcp/registration", "bcp/disconnects", "bcp/misordered"],
    );
}

#[test]
fn a_running_reference_server_conforms_twice_in_its_other_dialect() {
    twice("rpchat", &["BCP-3", "BCP-2a", "BCP-13"]);
}

#[test]
fn its_exchanges_are_those_of_the_snapshots() {
    let kept = repository().join("scenarios/bcp/snapshots/reference");
    if !kept.exists() {
        eprintln!("skipped: {} is not there", kept.display());
        return;
    }
    run(&["run", &scenarios("bcp"), "--snapshots", "reference"]).expect(0);
}

#[test]
fn there_is_no_server_for_every_protocol() {
    run_once(&["run", "protocols/talk", "-f", "is welcomed"])
        .expect(3)
        .says("there is no reference server for talk");
}
