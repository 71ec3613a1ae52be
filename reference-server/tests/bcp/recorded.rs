//! Bytes that rpchat's real clients sent get answers of the form that its real server gave.

use tokio::net::TcpStream;

use crate::peer::Server;
use crate::support::Replay;

/// Two recorded sessions of two clients each, in the order of their time.
#[tokio::test]
async fn a_recorded_session() {
    let server = Server::with(&[("dialect", "rpchat")]).await;
    let mut alice = Replay(TcpStream::connect(server.address).await.unwrap());
    alice.sends("010005616c696365").await;
    alice
        .receives(
            "04000000 0300085b5365727665725d00274c6f6767656420696e20617320616c6963652e0a43757272\
             656e7420436c69656e74733a200a00",
        )
        .await;
    alice.sends("0400").await;

    let mut bob = Replay(TcpStream::connect(server.address).await.unwrap());
    bob.sends("010003626f62").await;
    bob.receives(
        "04000000 0300085b5365727665725d002e4c6f6767656420696e20617320626f622e0a43757272656e74204\
         36c69656e74733a20616c6963652c20626f6200",
    )
    .await;
    alice
        .receives(
            "0300085b5365727665725d001b626f6220686173206a6f696e656420746865207365727665722e00",
        )
        .await;
    bob.sends("0400").await;
    alice.sends("0400").await;

    // What alice sends, what she gets for it, what bob gets of it.
    let texts = [
        (
            "02000968656c6c6f20626f62",
            "04000000",
            "030006616c69636500000a68656c6c6f20626f6200",
        ),
        ("02000120", "04000000", "030006616c6963650000022000"),
        (
            "020004636166c3",
            "04000000",
            "030006616c69636500000463616600",
        ),
        (
            "02000668656c6c6f00",
            "04000000",
            "030006616c69636500000668656c6c6f00",
        ),
        (
            "02001874616209686572650a6e6c200762656c6c20c3a920656e64",
            "04000000",
            "030006616c69636500001674616209686572650a6e6c2062656c6c2020656e6400",
        ),
    ];
    for (text, answer, delivered) in texts {
        alice.sends(text).await;
        alice.receives(answer).await;
        bob.receives(delivered).await;
        bob.sends("0400").await;
    }
    bob.sends("020008686920616c696365").await;
    bob.receives("04000000").await;
    alice.receives("030004626f62000009686920616c69636500").await;
    alice.sends("0400").await;

    // Nothing of this text is printable. The recorded server closes behind the error, ours stays.
    alice.sends("020001c3").await;
    alice.receives("04010000").await;
    drop(alice);
    bob.receives(
        "0300085b5365727665725d001b616c69636520686173206c65667420746865207365727665722e00",
    )
    .await;
}
