//! Client programs that do one thing wrong, and those of `python/`, which do none.

use std::time::Duration;

use regex::Regex;

use crate::program::{Ended, expect_all_gone, repository, run_with};

/// Enough for all that is waited for here, on a busy machine.
const SOON: Duration = Duration::from_secs(45);

/// Judges `programs/client.py` by the scenario of bcp that fits.
fn judged(mode: &str, scenario: &str) -> Ended {
    let mut words = mode.split(' ');
    let first = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    let command = format!(
        "python3 programs/client.py {first} {{name}} {{host}} {{port}} {}",
        rest.join(" ")
    );
    by(&command, "../../scenarios/bcp", scenario)
}

/// Judges a client program by the scenarios that fit.
fn by(command: &str, scenarios: &str, filter: &str) -> Ended {
    run_with(|| {
        let words = [
            "run", scenarios, "--seed", "7", "--jobs", "2", "--filter", filter, "--client",
        ];
        let mut words: Vec<String> = words.map(str::to_owned).to_vec();
        words.push(command.to_owned());
        ((), words)
    })
    .within(SOON)
}

#[test]
fn does_all_well() {
    for scenario in [
        "says its name at once",
        "waits for the answer before",
        "acknowledges once",
        "acknowledges while it waits",
    ] {
        judged("good", scenario).expect(0).says("1 passed");
    }
}

/// The whole text for a client with one fault, which must be enough to mend it.
fn told(mode: &str, scenario: &str) -> String {
    let shown = judged(mode, scenario).expect(1).shown();
    // What is printed and what is sent come on different ways: which is first is open. The command
    // line is cut where there is no more room.
    let numbers = Regex::new(r"(?m)^( *>?) +\d+ (   0\.000 s)").unwrap();
    let command = Regex::new(r"started: python3 programs/client\.py .*").unwrap();
    let shown = numbers.replace_all(&shown, "$1 . $2");
    let shown = command.replace_all(&shown, "started").into_owned();
    // Scenarios grow, and what is told stays the same.
    let place = Regex::new(r"\.yaml:\d+:\d+").unwrap();
    let line = Regex::new(r"(?m)^ +\d* +\| ").unwrap();
    let shown = place.replace_all(&shown, ".yaml:LINE");
    let shown = line.replace_all(&shown, "    | ").into_owned();
    // It has another name in each attempt.
    let registered = Regex::new(r#"register username "(\w+)""#).unwrap();
    match registered.captures(&shown) {
        Some(found) => shown.replace(&found[1], "NAME"),
        None => shown,
    }
}

const SHOWN: &str = "says is shown with his name";

#[test]
fn it_is_told_that_it_acknowledges_twice() {
    insta::assert_snapshot!("client_acknowledges_twice", told("twice", SHOWN));
}

#[test]
fn it_is_told_that_it_garbles_bytes() {
    insta::assert_snapshot!("client_garbles_bytes", told("garbage", SHOWN));
}

#[test]
fn it_is_told_that_it_prints_nothing() {
    insta::assert_snapshot!("client_prints_nothing", told("mute", SHOWN));
}

#[test]
fn it_is_told_that_it_is_killed() {
    insta::assert_snapshot!("client_is_killed", told("aborts", SHOWN));
}

#[test]
fn it_is_told_that_it_sends_before_it_is_let_in() {
    let told = told("early", "says nothing before it is let in");
    insta::assert_snapshot!("client_sends_too_early", told);
}

#[test]
fn it_is_told_that_it_ignores_a_refusal() {
    let told = told("careless", "a message that is refused ends it");
    insta::assert_snapshot!("client_ignores_a_refusal", told);
}

#[test]
fn it_is_told_that_it_ends_with_another_status() {
    let told = told("vague", "becomes its exit status [code=7]");
    insta::assert_snapshot!("client_ends_with_another_status", told);
}

#[test]
fn it_is_told_that_it_ends_at_once() {
    let told = told("quits", "says its name at once");
    insta::assert_snapshot!("client_ends_at_once", told);
}

/// One fault, the scenario that finds it, and the rule that is named.
#[test]
fn the_rule_that_is_broken_is_named() {
    for (mode, scenario, rule) in [
        ("twice", "it acknowledges once", "BCP-C3b"),
        ("hasty", "waits for the answer before", "BCP-C4"),
        ("garbage", "it acknowledges once", "BCP-C10"),
        ("short", "says is shown with his name", "BCP-C10"),
        ("aborts", "says its name at once", "BCP-C9"),
        ("closes", "says its name at once", "BCP-C3"),
    ] {
        judged(mode, scenario)
            .expect(1)
            .says(&format!("{rule} (must)"));
    }
}

/// It ends with an error of its own at the first line.
const GIVES_UP: &str = "python3 -c 'import socket, sys; \
     connection = socket.create_connection(sys.argv[1:]); connection.recv(4); sys.exit(3)' \
     {host} {port}";

#[test]
fn who_gives_up_has_done_no_worse_than_what_the_scenario_is_about() {
    by(GIVES_UP, "protocols/leaver", "an odd line")
        .expect(0)
        .says("LEAVER-2 (should) broken");
}

#[test]
fn never_connects() {
    judged("deaf", "says its name at once")
        .expect(1)
        .says("the client did not connect")
        .says("BCP-C1 (must)");
}

#[test]
fn never_exits() {
    judged("stays", "when the server goes in the middle")
        .says("the client did not end")
        .says("BCP-C7a");
}

#[test]
fn prints_without_end() {
    judged("chatty", "what is typed is sent, once")
        .expect(0)
        .says("1 passed");
}

#[test]
fn cannot_be_started() {
    by(
        "./no-such-client {port}",
        "../../scenarios/bcp",
        "says its name at once",
    )
    .expect(3)
    .says("cannot start `./no-such-client");
}

#[test]
fn ignores_signals_and_has_a_child() {
    let folder = tempfile::TempDir::new().unwrap();
    let pids = folder.path().join("pids");
    judged(
        &format!("stubborn {}", pids.display()),
        "SIGINT ends it quietly [waiting=for nothing]",
    )
    .expect(1)
    .says("BCP-C6a (must)");
    expect_all_gone(&pids, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn leaves_daemons_behind() {
    let folder = tempfile::TempDir::new().unwrap();
    let pids = folder.path().join("pids");
    let command = format!(
        "sh programs/scatter.sh {} python3 programs/client.py good {{name}} {{host}} {{port}}",
        pids.display()
    );
    by(&command, "../../scenarios/bcp", "says its name at once")
        .expect(0)
        .says("1 passed");
    expect_all_gone(&pids, 3);
}

#[test]
fn a_client_is_told_where_to_connect() {
    by(
        "python3 programs/client.py",
        "../../scenarios/bcp",
        "says its name at once",
    )
    .expect(2)
    .complains("{port}");
    by(
        "client {port} {nobody}",
        "../../scenarios/bcp",
        "says its name at once",
    )
    .expect(2)
    .complains("nothing is known as {nobody}");
}

#[test]
fn a_server_is_not_judged_by_scenarios_for_clients() {
    run_with(|| {
        let words = [
            "run",
            "../../scenarios/bcp/client",
            "--target",
            "127.0.0.1:1",
        ];
        ((), words.map(str::to_owned).to_vec())
    })
    .expect(3)
    .complains("nothing is selected");
}

/// The clients of `python/` and the reference clients share no line; both keep all rules. CI judges
/// them by all scenarios, `.ci/run`; here some of each protocol.
#[test]
fn the_clients_in_python_conform() {
    let python = repository().join("python");
    for (program, arguments, scenarios, filter) in [
        (
            "bcp/client.py",
            "-u {name} -s {host} -p {port}",
            "bcp",
            "client/registration",
        ),
        (
            "csc328/client.py",
            "{host} {port}",
            "csc328",
            "client/nickname",
        ),
        (
            "chatbooth/main.py",
            "--host {host} --port {port}",
            "chatbooth",
            "client/token",
        ),
        (
            "wireproto/chatClient.py",
            "{host} {port}",
            "wireproto",
            "client/limits",
        ),
        (
            "chatapp/ChatApp.py",
            "-c {name} {host} {port} {client_port}",
            "chatapp",
            "client/group",
        ),
    ] {
        let command = format!("python3 {}/{program} {arguments}", python.display());
        by(&command, &format!("../../scenarios/{scenarios}"), filter).expect(0);
    }
}
