//! The client against a server and peers that say exactly what a test tells them.

use std::net::{SocketAddr, UdpSocket};

use reference_codecs::chatapp::{Contact, Content, Datagram, Kind};

use super::{Port, program, until};
use crate::DEADLINE;
use crate::program::{Program, client};

/// A server or a peer.
struct Scripted(UdpSocket);

impl Scripted {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(socket)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn recv(&self) -> (Datagram, SocketAddr) {
        let mut buffer = vec![0; 1 << 16];
        let (len, from) = self.0.recv_from(&mut buffer).expect("something comes");
        (Datagram::decode(&buffer[..len]).unwrap(), from)
    }

    #[track_caller]
    fn expect(&self, expected: &Datagram) -> SocketAddr {
        let (datagram, from) = self.recv();
        assert_eq!(&datagram, expected);
        from
    }

    fn send(&self, datagram: &Datagram, to: SocketAddr) {
        self.0.send_to(&datagram.encode().unwrap(), to).unwrap();
    }

    fn answer(&self, kind: Kind, to: SocketAddr) {
        self.send(
            &Datagram::told(kind, "alice", Content::none()).answering(to),
            to,
        );
    }
}

/// Alice, registered, with a scripted server and a scripted bob in her table.
struct Session {
    server: Scripted,
    bob: Scripted,
    alice: Program,
    listening: SocketAddr,
    port: Port,
}

impl Session {
    fn start() -> Self {
        let (server, bob, port) = (Scripted::new(), Scripted::new(), Port::free());
        let mut alice = Program::piped(program("alice", server.port(), &port));
        let registration = Datagram::request(Kind::Reg, "alice", "", &port.number.to_string());
        let from = server.expect(&registration);
        server.answer(Kind::Created, from);
        until(&mut alice, "[Welcome, you are registered.]\n");
        let listening = SocketAddr::from(([127, 0, 0, 1], port.number));
        let contact = Contact {
            name: "bob".to_owned(),
            ip: listening.ip(),
            port: bob.port(),
            is_active: true,
        };
        let table = Content::Contacts(vec![contact]);
        server.send(
            &Datagram::told(Kind::UpdateTable, "alice", table),
            listening,
        );
        until(&mut alice, "[Client table updated.]\n");
        Self {
            server,
            bob,
            alice,
            listening,
            port,
        }
    }

    fn ends(&mut self) {
        self.alice.close_input();
        let from = self
            .server
            .expect(&Datagram::request(Kind::Dereg, "alice", "", "alice"));
        self.server.answer(Kind::DeregAck, from);
        assert_eq!(self.alice.finish().0, Some(0));
    }
}

#[test]
fn a_server_that_never_answers_is_asked_five_times() {
    let (server, port) = (Scripted::new(), Port::free());
    let mut alice = Program::piped(program("alice", server.port(), &port));
    let (status, out, _) = alice.finish();
    assert_eq!(status, Some(0));
    assert_eq!(out, "[Server not responding]\n[Exiting]\n");
    let mut sources = Vec::new();
    server.0.set_nonblocking(true).unwrap();
    while let Ok((_, from)) = server.0.recv_from(&mut [0; 1024]) {
        sources.push(from);
    }
    assert_eq!(sources.len(), 5);
    assert!(sources.iter().all(|from| *from == sources[0]));
}

#[test]
fn a_text_goes_to_the_peer_and_to_the_server_without_acknowledgement() {
    let mut session = Session::start();
    session.alice.write("send bob hi\n");
    let from = session
        .bob
        .expect(&Datagram::between(Kind::Send, "alice", "bob", "hi"));
    let ack = Datagram::between(Kind::Ack, "bob", "alice", "").answering(from);
    session.bob.send(&ack, from);
    until(&mut session.alice, "[Message received by bob.]\n");

    session.alice.write("send bob silence\n");
    session
        .bob
        .expect(&Datagram::between(Kind::Send, "alice", "bob", "silence"));
    let store = Datagram::request(Kind::Store, "alice", "bob", "silence");
    let from = session.server.expect(&store);
    // A retry comes from the same socket.
    assert_eq!(session.server.expect(&store), from);
    session.server.answer(Kind::StoreAck, from);
    until(
        &mut session.alice,
        "[Messages received by the server and saved]\n",
    );
    session.ends();
}

#[test]
fn who_exists_gets_it_directly_at_the_new_address() {
    let mut session = Session::start();
    session.alice.write("send bob hi\n");
    session.bob.recv();
    let from = session
        .server
        .expect(&Datagram::request(Kind::Store, "alice", "bob", "hi"));
    let moved = Scripted::new();
    let contact = Contact {
        name: "bob".to_owned(),
        ip: session.listening.ip(),
        port: moved.port(),
        is_active: true,
    };
    let entry = Datagram::told(Kind::UpdateTable, "alice", Content::Contact(contact));
    session.server.send(&entry, session.listening);
    session.server.answer(Kind::UserExist, from);
    let from = moved.expect(&Datagram::between(Kind::Send, "alice", "bob", "hi"));
    moved.send(&Datagram::between(Kind::Ack, "bob", "alice", ""), from);
    until(&mut session.alice, "[Client bob exists!!]\n");
    until(&mut session.alice, "[Message received by bob.]\n");
    session.ends();
}

#[test]
fn hostile_datagrams_do_no_harm() {
    let mut session = Session::start();
    let garbage: [&[u8]; 6] = [
        b"",
        b"garbage",
        b"\xff\xff",
        b"{}",
        br#"{"type_": "update_table", "content": "no table", "to": "alice"}"#,
        br#"{"type_": "reg_ack", "content": [1, 2], "to": "alice"}"#,
    ];
    for bytes in garbage {
        session.bob.0.send_to(bytes, session.listening).unwrap();
    }
    let text = Datagram::between(Kind::Send, "bob", "alice", "\x1b[2J still there");
    session.bob.send(&text, session.listening);
    until(&mut session.alice, "bob: \\x1b[2J still there\n");
    let ack = Datagram::between(Kind::Ack, "alice", "bob", "");
    let from = session
        .bob
        .expect(&ack.answering(session.bob.0.local_addr().unwrap()));
    assert_eq!(from.port(), session.port.number);
    session.ends();
}

#[test]
fn arguments_that_cannot_be_used_are_said_in_the_words_of_the_document() {
    let fails = |arguments: [&str; 4], sentence: &str| {
        let mut program = Program::piped(client(&[&["chatapp", "-c"], &arguments[..]].concat()));
        let (status, out, err) = program.finish();
        assert_eq!((status, &*out), (Some(2), ""));
        assert!(err.contains(sentence), "{err}");
    };
    let port = "Port number should be an integer between 1024 and 65535!";
    for bad in ["1023", "65536", "port", "0", ""] {
        fails(["alice", "127.0.0.1", bad, "5000"], port);
        fails(["alice", "127.0.0.1", "5000", bad], port);
    }
    let address = "You should enter a valid IP address!";
    fails(["alice", "256.0.0.1", "5000", "5001"], address);
    fails(["alice", "not a host", "5000", "5001"], address);
    let taken = Port::free();
    let _listening = UdpSocket::bind(("127.0.0.1", taken.number)).unwrap();
    let number = taken.number.to_string();
    fails(["alice", "localhost", "5000", &number], "it is in use");
}

#[test]
fn a_server_by_name_is_found() {
    let (server, port) = (Scripted::new(), Port::free());
    let number = (server.port().to_string(), port.number.to_string());
    let mut alice = Program::piped(client(&[
        "chatapp",
        "-c",
        "alice",
        "localhost",
        &number.0,
        &number.1,
    ]));
    let (_, from) = server.recv();
    server.answer(Kind::RegAck, from);
    until(&mut alice, "[Welcome back!]\n");
}
