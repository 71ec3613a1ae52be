use std::io::{BufRead, Write};

use super::{Pending, SnapshotError};
use crate::report::Context;

/// Answers longer than this are no answers.
const MAX_ANSWER: u64 = 1_000;

/// What became of the pending snapshots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Now snapshots.
    pub accepted: usize,
    /// Thrown away.
    pub rejected: usize,
    /// Still pending.
    pub skipped: usize,
}

enum Answer {
    Accept,
    Reject,
    Skip,
    Quit,
}

/// Accepts everything.
pub fn accept(pending: &[Pending]) -> Result<Tally, SnapshotError> {
    let mut tally = Tally::default();
    for each in pending {
        each.accept()?;
        tally.accepted += 1;
    }
    Ok(tally)
}

/// Shows each pending snapshot and asks what to do with it. When the answers end, the rest stays
/// pending. `terminal` says whether somebody can answer at all.
pub fn review(
    pending: &[Pending],
    terminal: bool,
    context: &Context,
    mut input: impl BufRead,
    mut out: impl Write,
) -> Result<Tally, SnapshotError> {
    let mut tally = Tally::default();
    if !terminal && !pending.is_empty() {
        return Err(SnapshotError::NoTerminal);
    }
    for (index, each) in pending.iter().enumerate() {
        let shown = each.shown()?.wrapped(context.width);
        let text = shown.to_text(context.colors);
        let heading = format!("snapshot {} of {}", index + 1, pending.len());
        write!(out, "\n{heading}\n{text}\n").map_err(SnapshotError::Terminal)?;
        match ask(&mut input, &mut out)? {
            Answer::Accept => {
                each.accept()?;
                tally.accepted += 1;
            }
            Answer::Reject => {
                each.reject()?;
                tally.rejected += 1;
            }
            Answer::Skip => tally.skipped += 1,
            Answer::Quit => {
                tally.skipped += pending.len() - index;
                break;
            }
        }
    }
    Ok(tally)
}

fn ask(input: &mut impl BufRead, out: &mut impl Write) -> Result<Answer, SnapshotError> {
    loop {
        write!(out, "(a)ccept, (r)eject, (s)kip or (q)uit? ").map_err(SnapshotError::Terminal)?;
        out.flush().map_err(SnapshotError::Terminal)?;
        let mut line = Vec::new();
        let read = std::io::Read::take(&mut *input, MAX_ANSWER).read_until(b'\n', &mut line);
        if read.map_err(SnapshotError::Terminal)? == 0 {
            return Ok(Answer::Quit);
        }
        match line.trim_ascii() {
            b"a" | b"accept" => return Ok(Answer::Accept),
            b"r" | b"reject" => return Ok(Answer::Reject),
            b"s" | b"skip" => return Ok(Answer::Skip),
            b"q" | b"quit" => return Ok(Answer::Quit),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Verbosity, sample};
    use crate::snapshot::{Store, pending};
    use crate::transcript::Transcript;
    use crate::verdict::Verdict;

    const CONTEXT: Context = Context {
        colors: false,
        progress: false,
        width: 100,
        verbosity: Verbosity::Normal,
    };

    fn proposed(texts: &[&str]) -> (tempfile::TempDir, Vec<Pending>) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path(), "reference").unwrap();
        let mut id = sample::outcome(Verdict::Pass, Vec::new(), Transcript::default()).scenario;
        for text in texts {
            (*text).clone_into(&mut id.title);
            store.propose(&id, text).unwrap();
        }
        let list = pending(folder.path()).unwrap();
        (folder, list)
    }

    #[test]
    fn each_answer_does_what_it_says() {
        let (folder, list) = proposed(&["one", "three", "two", "zero"]);
        let mut out = Vec::new();
        let answers = &b"what\na\nr\n\nskip\n"[..];
        let tally = review(&list, true, &CONTEXT, answers, &mut out).unwrap();
        let expected = Tally {
            accepted: 1,
            rejected: 1,
            skipped: 2,
        };
        assert_eq!(tally, expected);
        assert!(list[0].target().exists());
        let left = pending(folder.path()).unwrap();
        assert_eq!(left, list[2..]);
        let shown = String::from_utf8(out).unwrap();
        assert!(
            shown.contains("snapshot 4 of 4") && shown.contains("+ two"),
            "{shown}"
        );
    }

    #[test]
    fn nobody_is_asked_where_nobody_is() {
        let (_folder, list) = proposed(&["one"]);
        let error = review(&list, false, &CONTEXT, &b"a\n"[..], Vec::new()).unwrap_err();
        assert!(error.to_string().contains("snapshots accept"));
        let none = review(&[], false, &CONTEXT, &b""[..], Vec::new()).unwrap();
        assert_eq!(none, Tally::default());
    }

    #[test]
    fn everything_can_be_accepted_at_once() {
        let (folder, list) = proposed(&["one", "two"]);
        assert_eq!(accept(&list).unwrap().accepted, 2);
        assert!(pending(folder.path()).unwrap().is_empty());
    }
}
