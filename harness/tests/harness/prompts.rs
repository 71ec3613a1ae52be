//! A server of `protocols/prompts`: what one read gives it is a message.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::peer::Listener;
use crate::program::{Ended, run_with};

fn serve(mut stream: TcpStream, loses_a_line: bool) -> std::io::Result<()> {
    let mut space = [0; 1024];
    let mut name = String::new();
    stream.write_all(b"Your name: ")?;
    loop {
        let count = stream.read(&mut space)?;
        if count == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&space[..count]).into_owned();
        if name.is_empty() {
            stream.write_all(format!("Welcome {text}!1 here.").as_bytes())?;
            name = text;
        } else {
            let text = text
                .lines()
                .next()
                .filter(|_| loses_a_line)
                .unwrap_or(&text);
            stream.write_all(format!("{name}: {text}").as_bytes())?;
        }
    }
}

fn judge(loses_a_line: bool) -> Ended {
    run_with(|| {
        let peer = Listener::start(move |stream| {
            let _ = serve(stream, loses_a_line);
        });
        let words = ["run", "protocols/prompts", "--target", &peer.target()];
        let words = words.map(str::to_owned).to_vec();
        (peer, words)
    })
}

#[test]
fn texts_are_told_apart_by_pauses() {
    judge(false).expect(0).says("1 passed");
}

#[test]
fn half_a_text_is_not_the_whole() {
    judge(true)
        .expect(1)
        .says("! text")
        .says("PROMPTS-1 (must) broken");
}
