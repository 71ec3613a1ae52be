//! Bytes that clients of the document's server sent get answers of the recorded form. Tokens are
//! the ones that our server gives.
//!
//! Where the recorded server broke a rule, ours answers as the rule says, and the test says so.

use std::collections::HashMap;

use reference_codecs::chatbooth::{BodyLimit, ServerMessage};
use reference_codecs::{Decode, Decoded};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::peer::Server;
use crate::support::{DEADLINE, Replay};

const ERROR: &str = "000a00000000";
const DONE: &str = "000a0000000100";

/// Clients that send recorded bytes; a recorded token, written `<digits>`, stands for ours.
struct Session {
    server: Server,
    clients: HashMap<&'static str, Replay>,
    tokens: HashMap<String, String>,
}

impl Session {
    async fn new() -> Self {
        Self {
            server: Server::with(&[]).await,
            clients: HashMap::new(),
            tokens: HashMap::new(),
        }
    }

    async fn client(&mut self, name: &'static str) -> &mut Replay {
        if !self.clients.contains_key(name) {
            let stream = TcpStream::connect(self.server.0.address).await.unwrap();
            self.clients.insert(name, Replay(stream));
        }
        self.clients.get_mut(name).unwrap()
    }

    fn with_our_tokens(&self, recorded: &str) -> String {
        let mut bytes = recorded.to_owned();
        for (theirs, ours) in &self.tokens {
            bytes = bytes.replace(&format!("<{theirs}>"), ours);
        }
        bytes.replace(['<', '>'], "")
    }

    async fn sends(&mut self, name: &'static str, recorded: &str) {
        let bytes = self.with_our_tokens(recorded);
        self.client(name).await.sends(&bytes).await;
    }

    async fn receives(&mut self, name: &'static str, recorded: &str) {
        self.client(name).await.receives(recorded).await;
    }

    /// Takes an answer with a token, which stands for the recorded one from now on.
    async fn gets_token(&mut self, name: &'static str, recorded: &str) {
        let mut answer = [0; 22];
        let stream = &mut self.client(name).await.0;
        timeout(DEADLINE, stream.read_exact(&mut answer))
            .await
            .unwrap()
            .unwrap();
        let Ok(Decoded::Message { message, len: 22 }) =
            ServerMessage::decode(&answer, BodyLimit::NONE)
        else {
            panic!("{answer:?} is no message");
        };
        let ServerMessage::Answer { body } = message else {
            panic!("{message:?} is no answer");
        };
        let ours: Vec<String> = body.iter().map(|byte| format!("{byte:02x}")).collect();
        self.tokens.insert(recorded.to_owned(), ours.concat());
    }
}

#[tokio::test]
async fn authentication() {
    let mut session = Session::new().await;
    session.sends("alice", "000100000008616c6963653a7077").await;
    session
        .gets_token("alice", "a01ad8ec118045caba1f67d504fe3fb3")
        .await;
    // A wrong password, bob's name with a space, with a digit and empty, and an empty password.
    for refused in [
        "00010000000a616c6963653a6e6f7065",
        "000100000007626f62313a7077",
        "000100000007626f20623a7077",
        "0001000000023a78",
        "000100000004626f623a",
        "0001000000077a6fc3ab3a7077",
        // Accepted by the recorded server: a name that ends in a newline.
        "000100000007626f620a3a7077",
    ] {
        session.sends("bob", refused).await;
        session.receives("bob", ERROR).await;
    }
    for accepted in [
        "0001000000045f3a7077",
        "000100000009626f623a703a773a78",
        "000100000009626f623a703a773a78",
        "000100000008616c6963653a7077",
    ] {
        session.sends("bob", accepted).await;
        session.gets_token("bob", "any").await;
    }
}

#[tokio::test]
async fn coalesced_and_split_requests() {
    let mut session = Session::new().await;
    session
        .sends("a", "000100000008616c6963653a7077000100000006626f623a7077")
        .await;
    session
        .gets_token("a", "e83481cf1e694def9676c4375be1b3ef")
        .await;
    session
        .gets_token("a", "2c5332bc18524ac7a606bacfda545c74")
        .await;
    session
        .sends(
            "a",
            "0002000000010a<2c5332bc18524ac7a606bacfda545c74>\
             0002000000010a<2c5332bc18524ac7a606bacfda545c74>\
             0002000000010a<2c5332bc18524ac7a606bacfda545c74>",
        )
        .await;
    session
        .receives(
            "a",
            "000a00000009616c6963652c626f62000a00000009616c6963652c626f62000a00000009616c6963652c\
             626f62",
        )
        .await;
    for byte in "000100000008616c6963653a7077".as_bytes().chunks(2) {
        session.sends("a", std::str::from_utf8(byte).unwrap()).await;
    }
    session
        .gets_token("a", "23d626da39854d4dbadd98027055cead")
        .await;
    // The recorded server never answers this one, of which the body comes in two pieces.
    session.sends("a", "0002000000022e").await;
    session
        .sends("a", "2a<23d626da39854d4dbadd98027055cead>")
        .await;
    session
        .receives("a", "000a00000009616c6963652c626f62")
        .await;
}

#[tokio::test]
async fn sending_to_the_connected_and_to_the_absent() {
    let mut session = Session::new().await;
    session.sends("alice", "000100000008616c6963653a7077").await;
    session
        .gets_token("alice", "6480fa694e1046d3bacebc54f85292cf")
        .await;
    session.sends("bob", "000100000006626f623a7077").await;
    session
        .gets_token("bob", "5c0bbe21ec0b47e9bba6b7046ee9d6c5")
        .await;
    // What alice sends, and what bob gets of it.
    for (sent, pushed) in [
        (
            "000300000015626f623a46524f4d3a20616c6963650a68656c6c6f",
            "000b0000001146524f4d3a20616c6963650a68656c6c6f",
        ),
        ("000300000004626f623a", "000b00000000"),
        ("000300000009626f623a613a623a63", "000b00000005613a623a63"),
        (
            "00030000000c626f623a68c3a920f09f9880",
            "000b0000000868c3a920f09f9880",
        ),
    ] {
        let token = "<6480fa694e1046d3bacebc54f85292cf>";
        session.sends("alice", &format!("{sent}{token}")).await;
        session.receives("alice", DONE).await;
        session.receives("bob", pushed).await;
    }
    let to_herself = "000300000008616c6963653a6d65<6480fa694e1046d3bacebc54f85292cf>";
    session.sends("alice", to_herself).await;
    session
        .receives("alice", "000b000000026d65000a0000000100")
        .await;
    for refused in [
        "00030000000767686f73743a78<6480fa694e1046d3bacebc54f85292cf>",
        "000300000005626f623a7800000000000000000000000000000000",
    ] {
        session.sends("alice", refused).await;
        session.receives("alice", ERROR).await;
    }
    // Detaches bob: a further user authenticates on his connection.
    session.sends("bob", "000100000009726f626572743a7077").await;
    session
        .gets_token("bob", "a2bcf82a3dff4ed49e1280f42f3ffe85")
        .await;
    for sent in ["000300000006626f623a6d31", "000300000006626f623a6d32"] {
        let token = "<6480fa694e1046d3bacebc54f85292cf>";
        session.sends("alice", &format!("{sent}{token}")).await;
        session.receives("alice", DONE).await;
    }
    session.sends("bob2", "000100000006626f623a7077").await;
    session
        .gets_token("bob2", "5c0bbe21ec0b47e9bba6b7046ee9d6c5")
        .await;
    for answer in [
        "000b000000026d31000b000000026d32000a0000000100",
        "000a0000000100",
    ] {
        session
            .sends(
                "bob2",
                "000400000003626f62<5c0bbe21ec0b47e9bba6b7046ee9d6c5>",
            )
            .await;
        session.receives("bob2", answer).await;
    }
}

#[tokio::test]
async fn delivering_and_deleting() {
    let mut session = Session::new().await;
    for (name, login, token) in [
        (
            "alice",
            "000100000008616c6963653a7077",
            "6480fa694e1046d3bacebc54f85292cf",
        ),
        (
            "erin",
            "0001000000076572696e3a7077",
            "aee635f008cd43f79777c6b3f9270fd1",
        ),
        (
            "fred",
            "000100000007667265643a7077",
            "bd1f8738d2384ea7a29e39cd7094a84b",
        ),
    ] {
        session.sends(name, login).await;
        session.gets_token(name, token).await;
    }
    for (name, request, answer) in [
        (
            "alice",
            "00040000000567686f7374<6480fa694e1046d3bacebc54f85292cf>",
            ERROR,
        ),
        (
            "alice",
            "000400000005616c69636578787878787878787878787878787878",
            ERROR,
        ),
        (
            "erin",
            "0005000000046572696e78787878787878787878787878787878",
            ERROR,
        ),
        (
            "erin",
            "0005000000046572696e<aee635f008cd43f79777c6b3f9270fd1>",
            DONE,
        ),
        (
            "erin",
            "0002000000010a<aee635f008cd43f79777c6b3f9270fd1>",
            ERROR,
        ),
        (
            "alice",
            "0003000000066572696e3a78<6480fa694e1046d3bacebc54f85292cf>",
            ERROR,
        ),
        (
            "erin",
            "0004000000046572696e<aee635f008cd43f79777c6b3f9270fd1>",
            ERROR,
        ),
        // The recorded server lets alice delete fred; then his password is hers to choose.
        (
            "alice",
            "00050000000466726564<6480fa694e1046d3bacebc54f85292cf>",
            ERROR,
        ),
        (
            "fred",
            "0002000000010a<bd1f8738d2384ea7a29e39cd7094a84b>",
            "000a0000000a616c6963652c66726564",
        ),
        ("alice", "00010000000b667265643a6861636b6564", ERROR),
    ] {
        session.sends(name, request).await;
        session.receives(name, answer).await;
    }
}

#[tokio::test]
async fn lists() {
    let mut session = Session::new().await;
    session
        .sends("alice", "0002000000010a67636eb1f3dcddc721cf7bb99219dace")
        .await;
    session.receives("alice", ERROR).await;
    for (name, login, token) in [
        (
            "alice",
            "000100000008616c6963653a7077",
            "6480fa694e1046d3bacebc54f85292cf",
        ),
        ("bob", "000100000006626f623a7077", "bob's"),
        ("carol", "00010000000a6361726f6c5f783a7077", "carol's"),
    ] {
        session.sends(name, login).await;
        session.gets_token(name, token).await;
    }
    let all = "000a00000011616c6963652c626f622c6361726f6c5f78";
    for (request, answer) in [
        ("0002000000010a", all),
        ("0002000000025e62", "000a00000003626f62"),
        ("0002000000016f", "000a0000000b626f622c6361726f6c5f78"),
        ("0002000000037a7a7a", ERROR),
        ("0002000000015b", ERROR),
        ("000200000000", all),
        ("0002000000022e2a", all),
        ("0002000000012a", ERROR),
    ] {
        let token = "<6480fa694e1046d3bacebc54f85292cf>";
        session.sends("alice", &format!("{request}{token}")).await;
        session.receives("alice", answer).await;
    }
}
