//! ChatApp: datagrams, each of which stands for itself.

use std::net::{Ipv4Addr, SocketAddr};

use reference_codecs::chatapp::{Contact, Content, Datagram, Kind, Mail, MailKind};

use crate::ITERATIONS;
use crate::mutator::fuzz;

fn datagrams() -> Vec<Datagram> {
    let contact = |name: &str| Contact {
        name: name.to_owned(),
        ip: Ipv4Addr::LOCALHOST.into(),
        port: 41_001,
        is_active: true,
    };
    let mail = Mail {
        id: 1,
        content: "offline é".to_owned(),
        from: "alice".to_owned(),
        to: "bob".to_owned(),
        kind: MailKind::Send,
        timestamp: "2026-11-20 10:38:48".to_owned(),
        status: "yes".to_owned(),
    };
    let contacts = vec![contact("alice"), contact("bob")];
    vec![
        Datagram::request(Kind::Reg, "alice", "", "41001"),
        Datagram::told(Kind::Reg, "", Content::Number(41_001)),
        Datagram::between(Kind::Send, "alice", "bob", "hi \"there\" \u{1f600}"),
        Datagram::told(Kind::Created, "alice", Content::none())
            .answering(SocketAddr::from((Ipv4Addr::LOCALHOST, 54_874))),
        Datagram::told(Kind::UpdateTable, "bob", Content::Contacts(contacts)),
        Datagram::told(Kind::UpdateTable, "bob", Content::Contact(contact("bob"))),
        Datagram::told(
            Kind::RegAck,
            "bob",
            Content::Mails(vec![mail.clone(), mail]),
        ),
    ]
}

#[test]
fn both_ways() {
    let valid: Vec<Vec<u8>> = datagrams()
        .iter()
        .map(|datagram| datagram.encode().unwrap())
        .collect();
    fuzz("chatapp", ITERATIONS, &valid, |case| {
        let read = Datagram::decode(&case.bytes);
        assert!(read.is_ok() || case.valid != Some(1), "{read:?}");
        let Ok(datagram) = read else { return };
        let bytes = datagram.encode().unwrap();
        assert_eq!(Datagram::decode(&bytes), Ok(datagram.clone()));
        for part in datagram.parts(100).unwrap() {
            assert!(part.len() <= bytes.len());
            Datagram::decode(&part).unwrap();
        }
    });
}
