//! Messages without a length over a real stream: whole, in pieces, several at once.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::peer::Listener;
use crate::program::run_with;

/// What the server of these tests says to one message.
fn answer(stream: &mut TcpStream, message: &[u8], byte_by_byte: bool) -> std::io::Result<bool> {
    let mut answer = b"\x0a\x011\x10".to_vec();
    match message.get(4) {
        Some(1) => {
            answer.push(1);
            answer.extend_from_slice(&message[5..]);
        }
        _ => answer.push(2),
    }
    let is_bye = message.ends_with(b"bye");
    if is_bye {
        answer.extend_from_slice(b"\x0a\x011\x10\x02");
    }
    if byte_by_byte {
        for byte in answer {
            stream.write_all(&[byte])?;
        }
    } else {
        stream.write_all(&answer)?;
    }
    Ok(is_bye)
}

/// Tells messages apart by their own length: the server of these tests knows them.
fn serve(mut stream: TcpStream, byte_by_byte: bool) {
    let mut unread: Vec<u8> = Vec::new();
    let mut space = [0; 256];
    let _ = stream.set_nodelay(true);
    while let Ok(count) = stream.read(&mut space) {
        if count == 0 {
            return;
        }
        unread.extend_from_slice(&space[..count]);
        loop {
            let len = match unread.get(4) {
                Some(1) => match unread.get(6) {
                    Some(text) => 7 + usize::from(*text),
                    None => break,
                },
                Some(_) => 5,
                None => break,
            };
            if unread.len() < len {
                break;
            }
            let message: Vec<u8> = unread.drain(..len).collect();
            if answer(&mut stream, &message, byte_by_byte).is_ok_and(|bye| bye) {
                return;
            }
        }
    }
}

fn judge(byte_by_byte: bool) {
    run_with(|| {
        let peer = Listener::start(move |stream| serve(stream, byte_by_byte));
        let words = ["run", "protocols/bare", "--target", &peer.target()];
        let words = words.map(str::to_owned).to_vec();
        (peer, words)
    })
    .expect(0)
    .says("5 passed");
}

#[test]
fn whole_messages_are_told_apart() {
    judge(false);
}

#[test]
fn messages_byte_by_byte_are_put_together() {
    judge(true);
}
