//! Bytes with their meaning, for annotated dumps: also of what is incomplete or malformed.

use super::refusal::{Stop, left_over, missing};
use super::walk::Mark;
use super::{Codec, Direction, Kind, Malformed, Segment};

impl Codec {
    /// What the first message of `bytes` consists of, as far as it can be understood. The ranges
    /// follow each other and cover all bytes; an empty range says what is missing.
    pub fn explain(&self, direction: Direction, bytes: &[u8]) -> Vec<Segment> {
        let (marks, problem) = self.look(direction, bytes);
        let mut segments = Vec::with_capacity(marks.len() + 1);
        let mut at = 0;
        for mark in marks {
            if mark.range.start > at {
                segments.push(unread(at..mark.range.start, "not looked at"));
            }
            at = mark.range.end;
            segments.push(Segment {
                range: mark.range,
                field: mark.field,
                meaning: mark.meaning,
                problem: None,
            });
        }
        match problem {
            Some(problem) => wrong(&mut segments, problem, bytes.len()),
            None if at < bytes.len() => {
                let mut rest = unread(at..bytes.len(), "after the message");
                rest.problem = self.datagram.then(|| left_over(bytes.len() - at));
                segments.push(rest);
            }
            None => {}
        }
        segments
    }

    /// Marks of the kind that decides, and where it stopped.
    fn look(&self, direction: Direction, bytes: &[u8]) -> (Vec<Mark>, Option<Malformed>) {
        for kind in self.going(direction) {
            let mut walk = self.walk(bytes);
            walk.paused = true;
            walk.marks = Some(Vec::new());
            let Some(shape) = kind.shape(direction) else {
                continue;
            };
            match walk.shape(shape) {
                Ok(()) => return (walk.marks.unwrap_or_default(), None),
                Err(Stop::More { path, needed, at }) => {
                    let problem = Malformed {
                        offset: at,
                        field: path.to_string(),
                        reason: missing(&path, needed, bytes.len() - at),
                    };
                    return (walk.marks.unwrap_or_default(), Some(problem));
                }
                Err(Stop::Refused(_)) => {}
            }
        }
        let Some((kind, problem)) = self.furthest(direction, bytes) else {
            return (Vec::new(), Some(self.malformed(direction, bytes)));
        };
        (self.marks_of(kind, direction, bytes), Some(problem))
    }

    fn marks_of(&self, kind: &Kind, direction: Direction, bytes: &[u8]) -> Vec<Mark> {
        let mut walk = self.walk(bytes);
        walk.paused = true;
        walk.marks = Some(Vec::new());
        if let Some(shape) = kind.shape(direction) {
            // It was refused before; only what it saw until then is of interest.
            let _ = walk.shape(shape);
        }
        walk.marks.unwrap_or_default()
    }
}

fn unread(range: std::ops::Range<usize>, meaning: &str) -> Segment {
    Segment {
        range,
        field: String::new(),
        meaning: meaning.to_owned(),
        problem: None,
    }
}

/// Adds the place of the problem: a new range behind what was understood, or the range in it.
fn wrong(segments: &mut Vec<Segment>, problem: Malformed, len: usize) {
    let understood = segments.last().map_or(0, |segment| segment.range.end);
    let at = problem.offset.min(len);
    if at < understood
        && let Some(segment) = segments
            .iter_mut()
            .find(|segment| segment.range.contains(&at))
    {
        segment.problem = Some(problem.reason);
        if understood < len {
            segments.push(unread(understood..len, "not looked at"));
        }
        return;
    }
    if understood < at {
        segments.push(unread(understood..at, "not looked at"));
    }
    segments.push(Segment {
        range: at..len,
        field: problem.field,
        meaning: String::new(),
        problem: Some(problem.reason),
    });
}
