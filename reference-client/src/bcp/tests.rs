use std::fmt::Write;

use clap::Parser;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Parser)]
struct CommandLine {
    #[command(flatten)]
    options: Options,
}

fn options(arguments: &[&str]) -> Result<Options, clap::Error> {
    let line = [&["bcp"], arguments].concat();
    CommandLine::try_parse_from(line).map(|line| line.options)
}

fn started(dialect: Dialect) -> Client {
    let options = options(&["-u", "alice", "--dialect", dialect.name()]).unwrap();
    let mut client = Client::new(&options);
    let mut effects = Effects::default();
    client.start(&mut effects).unwrap();
    assert_eq!(hex(&effects.send), "010005616c696365");
    client
}

fn registered(dialect: Dialect) -> Client {
    let mut client = started(dialect);
    assert_eq!(receive(&mut client, "04000000"), (String::new(), vec![]));
    client
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::new();
    for byte in bytes {
        write!(digits, "{byte:02x}").unwrap();
    }
    digits
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn receive(client: &mut Client, hex_digits: &str) -> (String, Vec<Note>) {
    let mut effects = Effects::default();
    client.receive(&bytes(hex_digits), &mut effects).unwrap();
    (hex(&effects.send), effects.show)
}

fn line(client: &mut Client, line: &str) -> (String, Vec<Note>) {
    let mut effects = Effects::default();
    client.line(line, &mut effects).unwrap();
    (hex(&effects.send), effects.show)
}

fn heard(text: &str) -> Note {
    Note::Heard(text.to_owned())
}

fn said(text: &str) -> Note {
    Note::Said(text.to_owned())
}

#[test]
fn defaults_are_those_of_the_document() {
    let options = options(&["-u", "alice"]).unwrap();
    assert_eq!(options.address(), SocketAddr::from(([127, 0, 0, 1], 9001)));
    assert_eq!(options.dialect, Dialect::Spec);
}

#[test]
fn attached_values_are_understood() {
    let options = options(&["-ualice", "-s127.0.0.2", "-p80", "--dialect=rpchat"]).unwrap();
    assert_eq!(options.address(), SocketAddr::from(([127, 0, 0, 2], 80)));
    assert_eq!(options.dialect, Dialect::RpChat);
}

#[test]
fn unusable_arguments_are_named() {
    let long = "a".repeat(4096);
    for (arguments, words) in [
        (&["-u", ""][..], "1 to 4095 bytes"),
        (&["-u", &long], "1 to 4095 bytes"),
        (&["-u", "a b"], "without spaces"),
        (&["-u", "a\x1bb"], "printable"),
        (&["-u", "a", "-p", "0"], "0 is not in"),
        (&["-u", "a", "-p", "65536"], "65536 is not in"),
        (&["-u", "a", "-s", "300.1.1.1"], "IP address"),
        (&["-u", "a", "--dialect", "x"], "spec, rpchat"),
        (&[], "-u <NAME>"),
    ] {
        let error = options(arguments).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(options(&["-u", &long[1..]]).is_ok());
}

#[test]
fn lines_wait_for_the_registration_and_for_each_other() {
    let mut client = started(Dialect::Spec);
    assert_eq!(
        line(&mut client, "a"),
        (String::new(), vec![said("alice: a")])
    );
    assert_eq!(line(&mut client, "é").0, "");
    assert_eq!(client.unanswered(), 3);
    assert_eq!(receive(&mut client, "04000000").0, "02000161");
    assert_eq!(line(&mut client, "c").0, "");
    assert_eq!(receive(&mut client, "04000000").0, "020002c3a9");
    assert_eq!(receive(&mut client, "04000000").0, "02000163");
    assert_eq!(client.unanswered(), 1);
    assert_eq!(receive(&mut client, "04000000").0, "");
    assert_eq!(client.unanswered(), 0);
}

#[test]
fn an_empty_line_sends_nothing() {
    let mut client = registered(Dialect::Spec);
    assert_eq!(line(&mut client, ""), (String::new(), vec![]));
    assert_eq!(client.unanswered(), 0);
}

#[test]
fn the_input_is_left_alone_when_too_many_lines_wait() {
    let mut client = started(Dialect::Spec);
    for _ in 0..QUEUE_LIMIT {
        assert!(client.wants_line());
        line(&mut client, "x");
    }
    assert!(!client.wants_line());
    receive(&mut client, "04000000");
    assert!(client.wants_line());
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let mut client = registered(Dialect::Spec);
    let (sent, shown) = line(&mut client, &"🎉".repeat(1024));
    assert_eq!(sent.len(), 2 * (3 + 4092));
    assert!(sent.starts_with("020ffcf09f8e89"));
    assert_eq!(
        shown[0],
        Note::Warning("the message was cut to 4092 bytes".to_owned())
    );
    receive(&mut client, "04000000");
    let (sent, shown) = line(&mut client, &"x".repeat(4095));
    assert_eq!((sent.len(), shown.len()), (2 * (3 + 4095), 1));
}

#[test]
fn deliveries_are_shown_and_acknowledged_also_while_waiting() {
    let mut client = registered(Dialect::Spec);
    line(&mut client, "a");
    assert_eq!(
        receive(
            &mut client,
            "030003626f62000268690300067365727665720002c3a9"
        ),
        (
            "0400000004000000".to_owned(),
            vec![heard("bob: hi"), heard("server: é")]
        )
    );
    assert_eq!(client.unanswered(), 1);
}

/// Recorded from the C server of the document.
#[test]
fn deliveries_of_rpchat() {
    for (from_server, shown) in [
        (
            "0300085b5365727665725d001b626f6220686173206a6f696e656420746865207365727665722e00",
            "[Server]: bob has joined the server.",
        ),
        (
            "0300085b5365727665725d00274c6f6767656420696e20617320616c6963652e0a43757272656e7420436c69656e74733a200a00",
            "[Server]: Logged in as alice.\n    Current Clients: ",
        ),
        (
            "030006616c69636500000a68656c6c6f20626f6200",
            "alice: hello bob",
        ),
        ("030006616c6963650000022000", "alice:  "),
        (
            "030004626f6200001674616209686572650a6e6c2062656c6c2020656e6400",
            "bob: tab\there\n    nl bell  end",
        ),
    ] {
        let mut client = registered(Dialect::RpChat);
        assert_eq!(
            receive(&mut client, from_server),
            ("0400".to_owned(), vec![heard(shown)])
        );
        assert!(!client.is_inside_message());
    }
}

#[test]
fn controls_of_others_do_no_harm() {
    let mut client = registered(Dialect::Spec);
    let (_, shown) = receive(&mut client, "0300021b630005611b5b324a");
    assert_eq!(shown, [heard("\\x1bc: a\\x1b[2J")]);
    let (_, shown) = receive(&mut client, "0300017a0003c328ff");
    assert_eq!(shown, [heard("z: \u{fffd}(\u{fffd}")]);
}

#[test]
fn an_error_is_the_exit_status() {
    for code in 1..=u8::MAX {
        let mut effects = Effects::default();
        let message = [4, code, 0, 2, b'n', b'o'];
        let failure = started(Dialect::Spec)
            .receive(&message, &mut effects)
            .unwrap_err();
        assert_eq!(failure.status(), code);
        assert_eq!(
            failure.to_string(),
            format!("the server answered with error {code}: no")
        );
    }
}

#[test]
fn what_came_before_an_error_is_not_lost() {
    for last in ["040700", "09"] {
        let mut effects = Effects::default();
        let stream = bytes(&format!("030003626f6200026869{last}00"));
        assert!(
            registered(Dialect::Spec)
                .receive(&stream, &mut effects)
                .is_err()
        );
        assert_eq!(effects.show, [heard("bob: hi")]);
    }
}

#[test]
fn a_status_that_nobody_awaits_changes_nothing() {
    let mut client = registered(Dialect::Spec);
    receive(&mut client, "0400000004000000");
    assert_eq!(line(&mut client, "a").0, "02000161");
    assert_eq!(line(&mut client, "b").0, "");
}

proptest! {
    /// In any pieces the same is shown, sent and still waited for.
    #[test]
    fn pieces_do_not_matter(
        cuts in prop::collection::vec(0_usize..60, 0..8),
        rpchat: bool,
    ) {
        let (dialect, stream) = if rpchat {
            (Dialect::RpChat, "04000000030004626f620000036869000400000003000562656c0a00000100")
        } else {
            (Dialect::Spec, "04000000030003626f620002686904000000030003626f620000")
        };
        let stream = bytes(stream);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let feed = |pieces: &[usize]| {
            let mut client = started(dialect);
            let mut effects = Effects::default();
            client.line("x", &mut effects).unwrap();
            for pair in pieces.windows(2) {
                client.receive(&stream[pair[0]..pair[1]], &mut effects).unwrap();
            }
            (effects.send, effects.show, client.unanswered(), client.is_inside_message())
        };
        prop_assert_eq!(feed(&cuts), feed(&[0, stream.len()]));
    }

    #[test]
    fn any_bytes_do_no_harm(stream: Vec<u8>, rpchat: bool) {
        let mut client = started(if rpchat { Dialect::RpChat } else { Dialect::Spec });
        let mut effects = Effects::default();
        let _ = client.receive(&stream, &mut effects);
    }
}
