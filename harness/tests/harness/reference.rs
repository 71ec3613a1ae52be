//! The real thing: all scenarios that come with the harness, against the reference servers.

use crate::program::{TRIES, repository, run, run_once};
use crate::server::Server;

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

/// The exchanges that are kept are those of every protocol in its own form. A busy machine can
/// bring up what no scenario forbids; a difference that means something is there every time.
#[test]
fn their_exchanges_are_those_of_the_snapshots() {
    let compare = || run_once(&["run", &scenarios(""), "--snapshots", "reference"]);
    let same = (1..TRIES).any(|_| compare().code == Some(0));
    if !same {
        compare().expect(0);
    }
}

/// One test for each form of a protocol that the reference server has besides the usual one.
macro_rules! dialects {
    ($($name:ident: $protocol:literal, $dialect:literal;)+) => {
        $(
            #[test]
            fn $name() {
                run(&["run", &scenarios($protocol), "--dialect", $dialect]).expect(0);
            }
        )+
    };
}

dialects! {
    bcp_conforms_in_the_dialect_rpchat: "bcp", "rpchat";
    csc328_conforms_in_the_dialect_json16: "csc328", "json16";
    csc328_conforms_in_the_dialect_json32: "csc328", "json32";
    csc328_conforms_in_the_dialect_typed: "csc328", "typed";
    csc328_conforms_in_the_dialect_struct: "csc328", "struct";
    csc328_conforms_in_the_dialect_line: "csc328", "line";
}

/// Judged again and again, the same process gives the same verdict. Areas whose scenarios leave
/// something behind on a server; all of them take minutes one after the other.
#[track_caller]
fn twice(dialect: &str, filters: &[&str]) {
    let server = Server::start("bcp", Some(dialect));
    let target = server.target();
    let bcp = scenarios("bcp");
    let mut words = vec!["run", &bcp, "--dialect", dialect, "--target", &target];
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
fn there_is_no_server_for_every_protocol() {
    run_once(&["run", "protocols/talk", "-f", "is welcomed"])
        .expect(3)
        .says("there is no reference server for talk");
}
