use clap::Parser;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Parser)]
struct CommandLine {
    #[command(flatten)]
    options: Options,
}

fn options(arguments: &[&str]) -> Result<Options, clap::Error> {
    let line = [&["csc328"], arguments].concat();
    CommandLine::try_parse_from(line).map(|line| line.options)
}

fn connected() -> Client {
    let mut client = Client::new(&options(&["localhost", "1", "--dialect", "line"]).unwrap());
    let mut effects = Effects::default();
    client.start(&mut effects).unwrap();
    assert!(effects.send.is_empty());
    client
}

fn ready() -> Client {
    let mut client = connected();
    receive(&mut client, "HELLO\n");
    assert_eq!(line(&mut client, "alice").0, "NICK alice\n");
    receive(&mut client, "READY\n");
    client
}

fn told(act: impl FnOnce(&mut Effects)) -> (String, Vec<Note>) {
    let mut effects = Effects::default();
    act(&mut effects);
    (String::from_utf8(effects.send).unwrap(), effects.show)
}

fn receive(client: &mut Client, text: &str) -> (String, Vec<Note>) {
    told(|effects| client.receive(text.as_bytes(), effects).unwrap())
}

fn line(client: &mut Client, line: &str) -> (String, Vec<Note>) {
    told(|effects| client.line(line, effects).unwrap())
}

fn heard(text: &str) -> Note {
    Note::Heard(text.to_owned())
}

fn said(text: &str) -> Note {
    Note::Said(text.to_owned())
}

#[test]
fn what_is_needed_to_connect() {
    let options_of = options(&["localhost", "43221"]).unwrap();
    assert_eq!(options_of.address(), "localhost:43221");
    assert_eq!(options_of.dialect, Dialect::Word);
    assert!(options(&["localhost"]).is_err());
    assert!(options(&["localhost", "0"]).is_err());
    assert!(options(&["localhost", "1", "--dialect", "words"]).is_err());
}

#[test]
fn rule_c1_nothing_is_sent_before_hello_and_retry_asks_again() {
    let mut client = connected();
    assert_eq!(line(&mut client, "alice"), (String::new(), vec![]));
    let (sent, shown) = receive(&mut client, "HELLO\n");
    assert_eq!(sent, "NICK alice\n");
    assert_eq!(
        shown,
        [heard("Choose a nickname:"), said("nickname: alice")]
    );
    let (sent, shown) = receive(&mut client, "RETRY\n");
    assert_eq!(sent, "");
    assert_eq!(
        shown,
        [heard("alice is not free; choose another nickname:")]
    );
    assert_eq!(line(&mut client, " bob ").0, "NICK bob\n");
    assert_eq!(client.unanswered(), 1);
    receive(&mut client, "READY\n");
    assert_eq!(client.unanswered(), 0);
}

#[test]
fn rule_c2_chat_waits_for_ready() {
    let mut client = connected();
    for text in ["alice", "one", "", "two"] {
        line(&mut client, text);
    }
    assert_eq!(client.unanswered(), 4);
    assert_eq!(receive(&mut client, "HELLO\n").0, "NICK alice\n");
    let (sent, shown) = receive(&mut client, "READY\nbob: hi\x1b[2J\n");
    assert_eq!(sent, "one\ntwo\n");
    let expected = [
        heard("You are alice."),
        said("alice: one"),
        said("alice: two"),
        heard("bob: hi\\x1b[2J"),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn rule_c3_bye_is_said_once() {
    let mut client = ready();
    let (sent, _) = told(|effects| client.leave(effects).unwrap());
    assert_eq!(sent, "BYE\n");
    let (sent, _) = told(|effects| client.leave(effects).unwrap());
    assert_eq!(sent, "");
    let mut client = ready();
    let mut effects = Effects::default();
    client.line("BYE", &mut effects).unwrap();
    assert!(effects.finish && effects.send.is_empty());
}

#[test]
fn rule_c4_the_notice_is_shown_and_the_end_expected() {
    for (seconds, time) in [("5", 5), ("18446744073709551615", LONGEST_NOTICE)] {
        let mut client = ready();
        let notice = format!("Server will shut down in {seconds} seconds");
        let mut effects = Effects::default();
        client
            .receive(format!("{notice}\n").as_bytes(), &mut effects)
            .unwrap();
        assert_eq!(effects.show, [heard(&format!("server: {notice}"))]);
        assert_eq!(effects.ends_within, Some(Duration::from_secs(time)));
        assert_eq!(line(&mut client, "still here").0, "still here\n");
    }
}

#[test]
fn what_the_server_tells_is_shown_and_what_nobody_asked_for_ignored() {
    let mut client = ready();
    let (sent, shown) = receive(&mut client, "bob has joined\nRETRY\nHELLO\nREADY\n");
    assert_eq!(sent, "");
    assert_eq!(shown, [heard("server: bob has joined")]);
}

#[test]
fn what_would_be_a_command_is_not_sent() {
    let mut client = ready();
    let (sent, shown) = line(&mut client, "NICK bob");
    assert_eq!(sent, "");
    assert!(matches!(&shown[..], [Note::Warning(_)]), "{shown:?}");
}

#[test]
fn a_text_that_does_not_fit_is_cut() {
    let mut client = ready();
    let (sent, shown) = line(&mut client, &"é".repeat(40_000));
    assert_eq!(sent.len(), 65_535);
    assert!(matches!(shown.last(), Some(Note::Warning(_))));
}

#[test]
fn every_dialect_is_spoken() {
    for dialect in Dialect::ALL {
        let mut client =
            Client::new(&options(&["localhost", "1", "--dialect", dialect.name()]).unwrap());
        let mut effects = Effects::default();
        let mut bytes = Vec::new();
        let broadcast = ServerMessage::Broadcast {
            from: b"bob".to_vec(),
            text: b"hi".to_vec(),
        };
        for message in [ServerMessage::Hello, ServerMessage::Ready, broadcast] {
            message.encode(dialect, 1, &mut bytes).unwrap();
        }
        client.line("alice", &mut effects).unwrap();
        client.line("hello", &mut effects).unwrap();
        for byte in bytes {
            client.receive(&[byte], &mut effects).unwrap();
        }
        let mut sent = Decoder::<ClientMessage>::new(dialect);
        sent.feed(&effects.send);
        let name = b"alice".to_vec();
        assert_eq!(sent.next_message(), Ok(Some(ClientMessage::Nick { name })));
        let text = sent.next_message().unwrap().unwrap();
        assert!(matches!(text, ClientMessage::Chat { text, .. } if text == b"hello"));
        assert_eq!(effects.show.last(), Some(&heard("bob: hi")));
    }
}

proptest! {
    #[test]
    fn nothing_that_a_server_sends_reaches_the_terminal_raw(
        bytes: Vec<u8>, dialect in proptest::sample::select(Dialect::ALL.as_slice()),
    ) {
        let mut client =
            Client::new(&options(&["localhost", "1", "--dialect", dialect.name()]).unwrap());
        let mut effects = Effects::default();
        let _ = client.receive(&bytes, &mut effects);
        for note in effects.show {
            let (Note::Heard(text) | Note::Said(text) | Note::Warning(text)) = note;
            prop_assert!(!text.chars().any(|c| text::is_harmful(c) && c != '\n' && c != '\t'));
        }
    }
}
