use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::testing::hex;

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn contact(name: &str, port: u16, is_active: bool) -> Contact {
    Contact {
        name: name.to_owned(),
        ip: addr(port).ip(),
        port,
        is_active,
    }
}

fn mail(id: u64, from: &str, content: &str, timestamp: &str) -> Mail {
    Mail {
        id,
        content: content.to_owned(),
        from: from.to_owned(),
        to: "bob".to_owned(),
        kind: MailKind::Send,
        timestamp: timestamp.to_owned(),
        status: "yes".to_owned(),
    }
}

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

/// Recorded from the document's programs; both ways.
#[test]
fn golden_datagrams() {
    let vectors = [
        (
            "7b22636f6e74656e74223a20223431303031222c2022747970655f223a2022726567222c202266726f6d5f\
             223a2022616c696365222c2022746f223a2022222c2022746f5f736572766572223a20747275652c2022\
             61646472223a206e756c6c7d",
            Datagram::request(Kind::Reg, "alice", "", "41001"),
        ),
        (
            "7b22636f6e74656e74223a2022222c2022747970655f223a202263726561746564222c202266726f6d5f22\
             3a206e756c6c2c2022746f223a2022616c696365222c2022746f5f736572766572223a2066616c73652c\
             202261646472223a205b223132372e302e302e31222c2035343837345d7d",
            Datagram::told(Kind::Created, "alice", Content::none()).answering(addr(54874)),
        ),
        (
            "7b22636f6e74656e74223a20226f66666c696e652031222c2022747970655f223a202273746f7265222c20\
             2266726f6d5f223a2022616c696365222c2022746f223a2022626f62222c2022746f5f73657276657222\
             3a20747275652c202261646472223a206e756c6c7d",
            Datagram::request(Kind::Store, "alice", "bob", "offline 1"),
        ),
        (
            "7b22636f6e74656e74223a2022222c2022747970655f223a202273746f72655f61636b222c202266726f6d\
             5f223a206e756c6c2c2022746f223a2022222c2022746f5f736572766572223a2066616c73652c202261\
             646472223a205b223132372e302e302e31222c2034393430305d7d",
            Datagram::told(Kind::StoreAck, "", Content::none()).answering(addr(49400)),
        ),
        (
            "7b22636f6e74656e74223a202268656c6c6f20626f62222c2022747970655f223a202273656e64222c2022\
             66726f6d5f223a2022616c696365222c2022746f223a2022626f62222c2022746f5f736572766572223a\
             2066616c73652c202261646472223a206e756c6c7d",
            Datagram::between(Kind::Send, "alice", "bob", "hello bob"),
        ),
        (
            "7b22636f6e74656e74223a2022222c2022747970655f223a202261636b222c202266726f6d5f223a202262\
             6f62222c2022746f223a2022616c696365222c2022746f5f736572766572223a2066616c73652c202261\
             646472223a205b223132372e302e302e31222c2035333738315d7d",
            Datagram::between(Kind::Ack, "bob", "alice", "").answering(addr(53781)),
        ),
        (
            "7b22636f6e74656e74223a207b226e616d65223a2022626f62222c20226970223a20223132372e302e302e\
             31222c2022706f7274223a2034313030322c2022737461747573223a20226e6f227d2c2022747970655f\
             223a20227570646174655f7461626c65222c202266726f6d5f223a206e756c6c2c2022746f223a202263\
             61726f6c222c2022746f5f736572766572223a2066616c73652c202261646472223a206e756c6c7d",
            Datagram::told(
                Kind::UpdateTable,
                "carol",
                Content::Contact(contact("bob", 41002, false)),
            ),
        ),
        (
            "7b22636f6e74656e74223a205b7b226e616d65223a2022616c696365222c20226970223a20223132372e30\
             2e302e31222c2022706f7274223a2034313030312c2022737461747573223a2022796573227d5d2c2022\
             747970655f223a20227570646174655f7461626c65222c202266726f6d5f223a206e756c6c2c2022746f\
             223a2022616c696365222c2022746f5f736572766572223a2066616c73652c202261646472223a206e75\
             6c6c7d",
            Datagram::told(
                Kind::UpdateTable,
                "alice",
                Content::Contacts(vec![contact("alice", 41001, true)]),
            ),
        ),
        (
            "7b22636f6e74656e74223a2022222c2022747970655f223a202274657374222c202266726f6d5f223a206e\
             756c6c2c2022746f223a2022626f626279222c2022746f5f736572766572223a2066616c73652c202261\
             646472223a206e756c6c7d",
            Datagram::told(Kind::Test, "bobby", Content::none()),
        ),
    ];
    for (recorded, datagram) in vectors {
        let bytes = hex(recorded);
        assert_eq!(Datagram::decode(&bytes), Ok(datagram.clone()), "{recorded}");
        let encoded = datagram.encode().unwrap();
        assert_eq!(
            String::from_utf8(encoded).unwrap(),
            String::from_utf8(bytes).unwrap()
        );
    }
}

/// Recorded from the document's programs.
const RECORDED: [&str; 4] = [
    r#"{"content": [{"id": 1, "content": "offline 1", "from_": "alice", "to": "bob", "type_": "send", "timestamp": "2026-11-20 10:38:48", "status": "yes"}, {"id": 2, "content": "offline 2", "from_": "carol", "to": "bob", "type_": "send", "timestamp": "2026-11-20 10:38:49", "status": "yes"}], "type_": "reg_ack", "from_": null, "to": "bob", "to_server": false, "addr": ["127.0.0.1", 36482]}"#,
    r#"{"type_": "reg", "content": 41005, "from_": "zed"}"#,
    r#"{"content": "unicode \u00e9 \ud83d\ude00", "type_": "send", "from_": "bob", "to": "alice", "to_server": false, "addr": null}"#,
    r#"{"content": [{"name": "alice", "ip": "127.0.0.1", "port": 41001, "status": "yes"}, {"name": "bob", "ip": "127.0.0.1", "port": 41002, "status": "no"}], "type_": "update_table", "from_": null, "to": "alice", "to_server": false, "addr": null}"#,
];

/// The form of what waited, as it was recorded.
#[test]
fn golden_mails() {
    let recorded = RECORDED[0];
    let mails = vec![
        mail(1, "alice", "offline 1", "2026-11-20 10:38:48"),
        mail(2, "carol", "offline 2", "2026-11-20 10:38:49"),
    ];
    let datagram =
        Datagram::told(Kind::RegAck, "bob", Content::Mails(mails)).answering(addr(36482));
    assert_eq!(Datagram::decode(recorded.as_bytes()), Ok(datagram.clone()));
    assert_eq!(datagram.encode().unwrap(), recorded.as_bytes());
}

#[test]
fn what_is_missing_or_null_is_nothing() {
    let read = |text: &str| Datagram::decode(text.as_bytes()).unwrap();
    let bare = read(r#"{"type_": "dereg"}"#);
    assert_eq!(bare, Datagram::told(Kind::Dereg, "", Content::none()));
    let nulls =
        r#"{"addr":null,"to_server":null,"to":null,"from_":null,"content":null,"type_":"dereg"}"#;
    assert_eq!(read(nulls), bare);
    assert_eq!(read(r#"{"type_": "dereg", "more": [{}], "addr": 7}"#), bare);
}

#[test]
fn a_port_may_be_a_number() {
    let read = |text: &str| Datagram::decode(text.as_bytes()).unwrap().content;
    let recorded = r#"{"type_": "reg", "content": 41005, "from_": "zed"}"#;
    assert_eq!(read(recorded), Content::Number(41005));
    assert_eq!(read(r#"{"type_": "reg", "content": "x"}"#), text("x"));
}

#[test]
fn text_is_any_unicode_and_written_short() {
    let escaped = br#"{"type_": "send", "content": "unicode \u00e9 \ud83d\ude00"}"#;
    let datagram = Datagram::decode(escaped).unwrap();
    assert_eq!(datagram.content, text("unicode é 😀"));
    let encoded = datagram.encode().unwrap();
    assert!(encoded.starts_with("{\"content\": \"unicode é 😀\"".as_bytes()));
}

#[test]
fn what_is_no_datagram_says_why() {
    let why = |bytes: &[u8]| Datagram::decode(bytes).unwrap_err().to_string();
    assert!(why(b"").contains("EOF"), "{}", why(b""));
    assert!(why(b"garbage").contains("no JSON of a message"));
    assert!(why(b"[]").contains("no JSON of a message"));
    assert!(why(b"\xff\xfe").contains("no JSON of a message"));
    assert!(why(b"{}").contains("unknown kind of message ``"));
    assert!(why(br#"{"type_": "REG"}"#).contains("unknown kind of message `REG`"));
    assert!(why(br#"{"type_": 7}"#).contains("no JSON of a message"));
    assert!(why(br#"{"type_": "send", "from_": ["a"]}"#).contains("no JSON of a message"));
    assert!(why(br#"{"type_": "send", "content": "\ud800"}"#).contains("no JSON of a message"));
    assert!(why(br#"{"type_": "store", "content": 5}"#).contains("expected a text"));
    assert!(why(br#"{"type_": "reg", "content": -5}"#).contains("expected a port"));
    assert!(why(br#"{"type_": "reg", "content": 1.5}"#).contains("expected a port"));
    assert!(why(br#"{"type_": "update_table", "content": "x"}"#).contains("a list of contacts"));
    let contact = br#"{"type_": "update_table", "content": {"name": "a", "ip": "x", "port": 1}}"#;
    assert!(why(contact).contains("content at byte 0"));
    let deep = format!("{{\"content\": {}", "[".repeat(60_000));
    assert!(why(deep.as_bytes()).contains("recursion limit"));
    let twice = br#"{"type_": "send", "type_": "test"}"#;
    assert!(why(twice).contains("duplicate field"));
}

#[test]
fn nothing_is_longer_than_a_datagram() {
    let of = |len| Datagram::request(Kind::Store, "a", "b", &"z".repeat(len));
    let overhead = of(0).encode().unwrap().len();
    let longest = of(MAX_DATAGRAM - overhead).encode().unwrap();
    assert_eq!(longest.len(), MAX_DATAGRAM);
    assert!(Datagram::decode(&longest).is_ok());
    let error = of(MAX_DATAGRAM - overhead + 1).encode().unwrap_err();
    assert_eq!(
        error.to_string(),
        "datagram has 65508 bytes, at most 65507 can be sent"
    );
    let long = [&longest[..], b" "].concat();
    assert!(
        Datagram::decode(&long)
            .unwrap_err()
            .to_string()
            .contains("limit of 65507")
    );
}

#[test]
fn a_long_list_becomes_several_messages_in_order() {
    let contacts: Vec<Contact> = (0..1000)
        .map(|n| contact(&format!("u{n}"), n, n % 2 == 0))
        .collect();
    let whole = Datagram::told(
        Kind::UpdateTable,
        "bob",
        Content::Contacts(contacts.clone()),
    );
    let parts = whole.clone().parts(4096).unwrap();
    assert!(parts.iter().all(|part| part.len() <= 4096));
    let mut joined = Vec::new();
    for part in &parts {
        let Datagram {
            content: Content::Contacts(some),
            kind,
            ..
        } = Datagram::decode(part).unwrap()
        else {
            panic!("no list");
        };
        assert_eq!(kind, Kind::UpdateTable);
        joined.extend(some);
    }
    assert_eq!(joined, contacts);
    assert_eq!(whole.clone().parts(1 << 20).unwrap().len(), 1);
    let single = Datagram::told(
        Kind::RegAck,
        "bob",
        Content::Mails(vec![mail(1, "a", "long", "")]),
    );
    assert_eq!(single.clone().parts(1).unwrap(), [single.encode().unwrap()]);
}

/// Every datagram of a recording, where the recordings are beside the project.
fn recorded() -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures/chatapp");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return Vec::new();
    };
    let mut datagrams = Vec::new();
    for entry in entries {
        let recording = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in recording.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if line["dir"] == "c2s" || line["dir"] == "s2c" {
                datagrams.push(hex(line["hex"].as_str().unwrap()));
            }
        }
    }
    assert!(!datagrams.is_empty());
    datagrams
}

#[test]
fn recorded_datagrams_are_read_and_written_again() {
    for bytes in recorded() {
        if bytes == b"garbage" {
            assert!(Datagram::decode(&bytes).is_err());
            continue;
        }
        let recorded: Value = serde_json::from_slice(&bytes).unwrap();
        let datagram = Datagram::decode(&bytes).unwrap();
        let encoded = datagram.encode().unwrap();
        if recorded.as_object().unwrap().len() == 6 {
            assert_eq!(serde_json::from_slice::<Value>(&encoded).unwrap(), recorded);
        }
        if !bytes.windows(2).any(|pair| pair == b"\\u") && bytes.starts_with(b"{\"content\": ") {
            assert_eq!(encoded, bytes, "{recorded}");
        }
        assert_eq!(Datagram::decode(&encoded), Ok(datagram));
    }
}

fn any_content(kind: Kind) -> BoxedStrategy<Content> {
    let contact = ("\\PC{0,12}", any::<u16>(), any::<bool>())
        .prop_map(|(name, port, is_active)| contact(&name, port, is_active));
    let mail = ("\\PC{0,12}", any::<String>(), any::<u64>())
        .prop_map(|(from, content, id)| mail(id, &from, &content, "2026-11-20 10:38:48"));
    let text = any::<String>().prop_map(Content::Text);
    match kind {
        Kind::UpdateTable => prop_oneof![
            contact.clone().prop_map(Content::Contact),
            vec(contact, 0..5).prop_map(Content::Contacts),
        ]
        .boxed(),
        Kind::RegAck | Kind::Created => {
            prop_oneof![text, vec(mail, 0..5).prop_map(Content::Mails)].boxed()
        }
        Kind::Reg => prop_oneof![text, any::<u64>().prop_map(Content::Number)].boxed(),
        _ => text.boxed(),
    }
}

fn any_datagram() -> impl Strategy<Value = Datagram> {
    let kinds: Vec<Kind> = Kind::NAMES.iter().map(|(kind, _)| *kind).collect();
    select(kinds).prop_flat_map(|kind| {
        let addresses = proptest::option::of(
            any::<SocketAddr>().prop_map(|addr| SocketAddr::new(addr.ip(), addr.port())),
        );
        let names = (proptest::option::of(any::<String>()), any::<String>());
        (any_content(kind), names, any::<bool>(), addresses).prop_map(
            move |(content, (from, to), to_server, addr)| Datagram {
                content,
                kind,
                from,
                to,
                to_server,
                addr,
            },
        )
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(datagram in any_datagram()) {
        let bytes = datagram.encode().unwrap();
        prop_assert_eq!(Datagram::decode(&bytes), Ok(datagram));
    }

    #[test]
    fn no_prefix_is_a_datagram(datagram in any_datagram(), cut in any::<Index>()) {
        let bytes = datagram.encode().unwrap();
        prop_assert!(Datagram::decode(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn damaged_datagrams_do_no_harm(
        datagram in any_datagram(),
        damages in vec((any::<Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = datagram.encode().unwrap();
        for (at, byte) in damages {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(read) = Datagram::decode(&bytes) {
            prop_assert_eq!(Datagram::decode(&read.encode().unwrap()), Ok(read));
        }
    }

    #[test]
    fn damaged_recordings_do_no_harm(
        recorded in select(&RECORDED),
        damages in vec((any::<Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = recorded.as_bytes().to_vec();
        for (at, byte) in damages {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(read) = Datagram::decode(&bytes) {
            prop_assert_eq!(Datagram::decode(&read.encode().unwrap()), Ok(read));
        }
    }

    #[test]
    fn no_bytes_do_harm(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Datagram::decode(&bytes);
    }

    #[test]
    fn parts_carry_everything(
        contacts in vec(("[a-z]{1,20}", any::<u16>()), 0..60),
        limit in 200_usize..2000,
    ) {
        let contacts: Vec<Contact> =
            contacts.into_iter().map(|(name, port)| contact(&name, port, true)).collect();
        let whole = Datagram::told(Kind::UpdateTable, "bob", Content::Contacts(contacts.clone()));
        let mut joined = Vec::new();
        for part in whole.parts(limit).unwrap() {
            prop_assert!(part.len() <= limit || contacts.len() == 1);
            if let Content::Contacts(some) = Datagram::decode(&part).unwrap().content {
                joined.extend(some);
            }
        }
        prop_assert_eq!(joined, contacts);
    }
}
