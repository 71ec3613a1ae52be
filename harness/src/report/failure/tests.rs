use std::time::Duration;

use super::*;
use crate::report::sample::{
    self, add, closed, delivered, field, finding, in_macro, joined, message, outcome, received,
    segment, sent, step, wrong_field,
};
use crate::transcript::{Cause, Transcript, Use, What};
use crate::verdict::{Evidence, Level};
use crate::wire::Direction;

fn shown_at(result: &Outcome, width: usize) -> String {
    let rerun = Rerun {
        seed: 4711,
        arguments: ["--target", "127.0.0.1:9001"].map(str::to_owned).to_vec(),
    };
    let rendered = super::outcome(result, &rerun, width);
    let text = rendered.to_text(false);
    assert_eq!(
        anstream::adapter::strip_str(&rendered.to_text(true)).to_string(),
        text
    );
    for line in text.lines() {
        assert!(line.chars().all(|c| !c.is_control()), "{line:?}");
    }
    text
}

fn shown(result: &Outcome) -> String {
    shown_at(result, 100)
}

#[test]
fn wrong_value() {
    insta::assert_snapshot!(shown(&wrong_field("a", "b")));
}

#[test]
fn wrong_value_on_a_narrow_terminal() {
    insta::assert_snapshot!(shown_at(&wrong_field("a", "b"), 60));
}

#[test]
fn wrong_value_in_a_long_text() {
    let wanted = "x".repeat(4_095);
    let came = format!("{}y{}", &wanted[..2_000], &wanted[2_100..]);
    insta::assert_snapshot!(shown(&wrong_field(&wanted, &came)));
}

#[test]
fn missing_message() {
    let mut found = finding(
        "BCP-2",
        Level::Must,
        "{ use: join, with: { who: bob } }",
        "status did not come",
    );
    found.used_at = Some(found.step);
    found.step = in_macro("{ recv: status, with: { code: ok } }");
    found.expected = Some("status with code 0 (ok) within 2 s".to_owned());
    found.received = Some("nothing within 2 s".to_owned());
    found.hints = vec!["the connection is still open".to_owned()];
    insta::assert_snapshot!(shown(&outcome(Verdict::Fail, vec![found], joined())));
}

#[test]
fn stray_message() {
    let mut transcript = joined();
    let echo = message("deliver", &[("from", "alice"), ("message", "a")]);
    let event = add(&mut transcript, 12, "alice", received(echo, Use::Unread));
    add(
        &mut transcript,
        13,
        "alice",
        received(sample::ok(), Use::Matched),
    );
    let mut found = finding(
        "BCP-6",
        Level::Must,
        "{ silence: 300ms }",
        "a deliver came that no step expects",
    );
    found.actor = Some("alice".into());
    found.received = Some("deliver from \"alice\" message \"a\"".to_owned());
    found.bytes = Some(delivered("alice", "a", None));
    found.event = Some(event);
    found.hints = vec!["it is what alice herself sent in event 11".to_owned()];
    insta::assert_snapshot!(shown(&outcome(Verdict::Fail, vec![found], transcript)));
}

#[test]
fn malformed_bytes() {
    let mut transcript = joined();
    let bytes = b"\x03\xff\xffalice\0\x01a".as_slice();
    let what = What::Malformed {
        direction: Direction::ToClient,
        bytes: bytes.into(),
        reason: "len(from) at byte 1 is 65535, above the limit of 4095".to_owned(),
    };
    let event = add(&mut transcript, 12, "bob", what);
    let mut found = finding(
        "BCP-6",
        Level::Must,
        "{ recv: deliver, with: { from: $alice, message: a } }",
        "bytes came that are no message",
    );
    found.received = Some("11 bytes that are no message".to_owned());
    found.event = Some(event);
    found.bytes = Some(Evidence {
        bytes: bytes.to_vec(),
        total: bytes.len(),
        segments: vec![
            segment(0..1, "op", "3 (deliver)", None),
            segment(1..3, "len(from)", "65535", Some("above the limit of 4095")),
        ],
    });
    insta::assert_snapshot!(shown(&outcome(Verdict::Fail, vec![found], transcript)));
}

#[test]
fn unfinished_message() {
    let mut transcript = joined();
    let mut bytes = b"\x03\0\x05alice\x0f\xff".to_vec();
    bytes.extend([b'z'; 2_000]);
    let what = What::Unfinished {
        direction: Direction::ToClient,
        bytes: bytes.as_slice().into(),
        missing: "2095 bytes of message".to_owned(),
    };
    let event = add(&mut transcript, 12, "bob", what);
    let mut found = finding(
        "BCP-6",
        Level::Must,
        "{ recv: deliver, with: { from: $alice, message: a } }",
        "a message began and did not end",
    );
    found.event = Some(event);
    found.expected = Some("deliver with from \"alice\", message \"a\"".to_owned());
    found.received = Some("the first 2010 bytes of a deliver, and no more within 2 s".to_owned());
    found.bytes = Some(Evidence {
        total: bytes.len(),
        segments: vec![
            segment(0..1, "op", "3 (deliver)", None),
            segment(1..3, "len(from)", "5", None),
            segment(3..8, "from", "\"alice\"", None),
            segment(8..10, "len(message)", "4095", None),
            segment(
                10..2_010,
                "message",
                "2000 bytes",
                Some("2095 bytes are missing"),
            ),
        ],
        bytes,
    });
    insta::assert_snapshot!(shown(&outcome(Verdict::Fail, vec![found], transcript)));
}

#[test]
fn closed_instead() {
    insta::assert_snapshot!(shown(&closed()));
}

#[test]
fn too_early() {
    let mut transcript = joined();
    let ended = What::Ended(crate::transcript::End::EndOfStream);
    let event = add(&mut transcript, 410, "alice", ended);
    let mut found = finding(
        "BCP-11",
        Level::Should,
        "{ closed: { within: 2s, after: 600ms } }",
        "the connection ended too early",
    );
    found.actor = Some("alice".into());
    found.expected = Some("the end not earlier than 600 ms after event 11".to_owned());
    found.received = Some("the end 400 ms after event 11, 200 ms too early".to_owned());
    found.event = Some(event);
    insta::assert_snapshot!(shown(&outcome(Verdict::Warn, vec![found], transcript)));
}

#[test]
fn too_late() {
    let mut transcript = joined();
    let late = message("deliver", &[("from", "alice"), ("message", "a")]);
    let event = add(&mut transcript, 2_310, "bob", received(late, Use::Blamed));
    let mut found = finding(
        "BCP-14",
        Level::Must,
        "{ recv: deliver, with: { from: $alice, message: a } }",
        "deliver came too late",
    );
    found.expected = Some("deliver within 1 s of event 11".to_owned());
    found.received = Some("deliver 2.3 s after event 11, 1.3 s too late".to_owned());
    found.event = Some(event);
    insta::assert_snapshot!(shown(&outcome(Verdict::Fail, vec![found], transcript)));
}

#[test]
fn crashed() {
    let mut transcript = Transcript::default();
    let command = "./server --port 40123".to_owned();
    add(&mut transcript, 0, "", What::Started { command });
    for number in 1..=14 {
        let text = format!("accepted connection {number}");
        add(
            &mut transcript,
            number,
            "",
            What::Output {
                stderr: false,
                text,
            },
        );
    }
    let raw = sent(None, b"\x09\xff\xff", Cause::Step);
    add(&mut transcript, 20, "bob", raw);
    let text = "\x1b[31mthread 'main' panicked at src/main.rs:7:5: no such operation".to_owned();
    add(&mut transcript, 21, "", What::Output { stderr: true, text });
    let status = "signal: 6 (SIGABRT)".to_owned();
    let event = add(&mut transcript, 22, "", What::Exited { status });
    let mut found = finding(
        "BCP-14",
        Level::Must,
        "{ silence: 300ms }",
        "the program died: signal: 6 (SIGABRT)",
    );
    found.actor = None;
    found.event = Some(event);
    let result = outcome(Verdict::Fail, vec![found], transcript);
    insta::assert_snapshot!(shown(&Outcome {
        not_run: 1,
        ..result
    }));
}

#[test]
fn inconclusive() {
    let result = outcome(Verdict::Inconclusive, Vec::new(), joined());
    let reason = "the harness itself was 340 ms late between event 10 and event 11".to_owned();
    insta::assert_snapshot!(shown(&Outcome {
        reason: Some(reason),
        retries: 2,
        ..result
    }));
}

#[test]
fn two_findings() {
    let mut result = wrong_field("a", "b");
    let mut second = finding(
        "BCP-9",
        Level::Should,
        "{ silence: 300ms }",
        "status did not come before the end",
    );
    second.expected = Some("status with code other than 0".to_owned());
    second.received = Some("end of stream".to_owned());
    result.findings.push(second);
    result.retries = 1;
    insta::assert_snapshot!(shown(&result));
}

#[test]
fn hostile_bytes() {
    let hostile = "\x1b[2J\x1b]0;owned\x07\u{202e}evil\r\n\u{200b}";
    let mut result = wrong_field("a", hostile);
    result.findings[0].problem = format!("received {hostile}");
    result.findings[0].received = Some(hostile.to_owned());
    result.findings[0].hints = vec![hostile.to_owned()];
    let text = hostile.to_owned();
    add(
        &mut result.transcript,
        30,
        "",
        What::Output { stderr: true, text },
    );
    add(
        &mut result.transcript,
        30,
        hostile,
        What::WriteFailed(hostile.to_owned()),
    );
    insta::assert_snapshot!(shown(&result));
}

#[test]
fn a_million_characters_stay_a_page() {
    let million = "\x1b".repeat(1_000_000);
    let mut result = wrong_field("a", "b");
    let found = &mut result.findings[0];
    found.problem.clone_from(&million);
    found.expected = Some(million.clone());
    found.received = Some(million.clone());
    found.fields = (0..50).map(|_| field(&million, "a", &million)).collect();
    let bytes = vec![0x1b; 4_096];
    found.bytes = Some(Evidence {
        segments: (0..4_096)
            .map(|at| segment(at..at + 1, &million[..99], "x", None))
            .collect(),
        bytes,
        total: 1_000_000,
    });
    for _ in 0..3 {
        let text = million.clone();
        add(
            &mut result.transcript,
            40,
            "",
            What::Output { stderr: true, text },
        );
        let note = What::Note(million.clone());
        add(&mut result.transcript, 40, &million[..200], note);
    }
    let started = std::time::Instant::now();
    let text = shown(&result);
    assert!(text.lines().count() < 250, "{}", text.lines().count());
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn nothing_is_wider_than_asked_except_what_is_copied() {
    use unicode_width::UnicodeWidthStr as _;
    for width in 50..=140 {
        for result in [wrong_field("a", "日本語 \u{1f642}"), closed()] {
            for line in shown_at(&result, width).lines() {
                let copied = line.contains("rerun") || line.contains("scenarios/");
                assert!(copied || line.width() <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn odd_segments_and_spans_do_no_harm() {
    for segments in [
        vec![segment(5..900, "beyond", "x", None)],
        vec![
            segment(0..6, "all", "x", None),
            segment(2..4, "in it", "y", Some("bad")),
        ],
        vec![segment(3..3, "empty", "x", Some("missing"))],
        Vec::new(),
    ] {
        let mut result = wrong_field("a", "b");
        result.findings[0].bytes = Some(Evidence {
            bytes: b"abcdefgh".to_vec(),
            total: 8,
            segments,
        });
        let mut beyond = step("steps:");
        beyond.start = 1_000_000;
        beyond.end = 2_000_000;
        beyond.column = 0;
        result.findings[0].used_at = Some(beyond);
        let text = shown(&result);
        assert!(text.contains("68 "), "{text}");
    }
}
