//! A server of `protocols/lines` that refuses a name for a while, on one connection.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use crate::peer::Listener;
use crate::program::{Ended, run_with};

/// Refuses so many times before it agrees.
fn serve(stream: TcpStream, refusals: usize) {
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let mut left = refusals;
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let answer = match line.split_once(' ') {
            Some(("NICK", name)) if left == 0 => {
                format!(":srv 372 {name} :-\r\n:srv 001 {name} :hi\r\n")
            }
            Some(("NICK", name)) => {
                left -= 1;
                format!(":srv 433 * {name} :taken\r\n")
            }
            Some(("PING", token)) => format!("PONG {token}\r\n"),
            _ => continue,
        };
        if out.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn judge(refusals: usize) -> Ended {
    run_with(|| {
        let peer = Listener::start(move |stream| serve(stream, refusals));
        let words = ["run", "protocols/lines", "--target", &peer.target()];
        let words = words.map(str::to_owned).to_vec();
        (peer, words)
    })
}

#[test]
fn an_attempt_leaves_no_answer_behind_for_the_next() {
    judge(2).expect(0).says("1 passed");
}

#[test]
fn the_last_of_all_attempts_is_shown() {
    judge(usize::MAX)
        .expect(1)
        .says("LINES-3 (must) broken by 1 scenario")
        .says("attempts, all of which failed");
}
