//! What a file keeps over a restart and a crash.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use predicates::prelude::*;
use reference_codecs::chatapp::{Content, Kind};
use rustix::process::{Pid, Signal, kill_process};

use crate::peer::{DEADLINE, Peer, Server, texts};

/// The program, killed when a test fails.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(db: &Path) -> Self {
        let mut child = Command::new(cargo_bin("reference-server"))
            .args(["chatapp", "-p", "0", "--db"])
            .arg(db)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let (_, address) = line.trim_end().split_once(" listening on ").expect(&line);
        let address = address.parse().unwrap();
        // What is not read is dropped by the log, not waited for.
        child.stdout = Some(log.into_inner());
        Self { child, address }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn stop(mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn join(name: &str, program: &Program) -> Peer {
    let peer = Peer::new(name, program.address).await;
    assert_eq!(peer.register().await.kind, Kind::Created);
    peer.table().await;
    peer
}

#[tokio::test]
async fn rule_8_what_was_acknowledged_survives_being_killed() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("chatapp.db");
    let program = Program::start(&db);
    let alice = join("alice", &program).await;
    let bob = join("bob", &program).await;
    alice.entry().await;
    bob.leave().await;
    alice.entry().await;
    assert_eq!(
        alice.request(Kind::Store, "bob", "one").await,
        Kind::StoreAck
    );
    program.kill();

    let program = Program::start(&db);
    let alice = Peer::new("alice", program.address).await;
    assert_eq!(alice.register().await.kind, Kind::RegAck);
    let table = alice.table().await;
    let known: Vec<(&str, bool)> = table
        .iter()
        .map(|entry| (&*entry.name, entry.is_active))
        .collect();
    assert_eq!(known, [("alice", true), ("bob", false)]);
    assert_eq!(
        alice.request(Kind::Store, "bob", "two").await,
        Kind::StoreAck
    );
    assert_eq!(
        alice.request(Kind::SendAll, "", "three").await,
        Kind::SendAllServerAck
    );
    program.kill();

    let program = Program::start(&db);
    let bob = Peer::new("bob", program.address).await;
    assert_eq!(
        bob.return_for_mails().await,
        texts("alice", &["one", "two", "three"])
    );
    program.kill();

    let program = Program::start(&db);
    let bob = Peer::new("bob", program.address).await;
    assert_eq!(bob.return_for_mails().await, []);
    program.stop(Signal::INT);
}

/// A text is on its way to who has not acknowledged it when the server is killed.
#[tokio::test]
async fn rule_8_what_was_on_its_way_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("chatapp.db");
    let program = Program::start(&db);
    let alice = join("alice", &program).await;
    let bob = join("bob", &program).await;
    alice.entry().await;
    assert_eq!(
        alice.request(Kind::SendAll, "", "first").await,
        Kind::SendAllServerAck
    );
    assert_eq!(bob.heard().await.1, Content::Text("first".to_owned()));
    assert_eq!(
        alice.request(Kind::SendAll, "", "second").await,
        Kind::SendAllServerAck
    );
    program.kill();

    let program = Program::start(&db);
    let bob = Peer::new("bob", program.address).await;
    let waited = bob.return_for_mails().await;
    // The server may have been killed before it knew that the first one had arrived.
    let second = texts("alice", &["second"]);
    assert!(
        waited == second || waited == texts("alice", &["first", "second"]),
        "{waited:?}"
    );
    program.stop(Signal::TERM);
}

#[tokio::test]
async fn a_clean_restart_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.db");
    let db = [("db", path.to_str().unwrap())];
    let server = Server::with(&db).await;
    let [_alice, bob] = server.join_all(["alice", "bob"]).await;
    server.stop().await;
    let server = Server::with(&db).await;
    let alice = server.client("alice").await;
    // Elsewhere than before, so everybody who was active is told.
    assert_eq!(alice.register().await.kind, Kind::RegAck);
    assert_eq!(alice.table().await.len(), 2);
    let entry = bob.entry().await;
    assert_eq!((&*entry.name, entry.port), ("alice", alice.port()));
    server.stop().await;
    let files: Vec<_> = folder.path().read_dir().unwrap().collect();
    assert_eq!(
        files.len(),
        1,
        "the file is whole without another: {files:?}"
    );
}

#[test]
fn a_file_that_cannot_be_used_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database at all, but long enough to look at").unwrap();
    let foreign = folder.path().join("foreign.db");
    let other = rusqlite::Connection::open(&foreign).unwrap();
    other.execute_batch("CREATE TABLE things (id)").unwrap();
    drop(other);
    let used = folder.path().join("used.db");
    let _program = Program::start(&used);
    for (path, reason) in [
        (&text, "not a database"),
        (&foreign, "not made by this server"),
        (&used, "locked"),
        (&folder.path().join("no/such/folder.db"), "unable to open"),
    ] {
        assert_cmd::Command::cargo_bin("reference-server")
            .unwrap()
            .args(["chatapp", "-p", "0", "--db"])
            .arg(path)
            .timeout(DEADLINE)
            .assert()
            .code(2)
            .stderr(predicate::str::contains(reason).and(predicate::str::contains("cannot use")));
    }
}
