//! Reports that are one text, for build services and comments.

mod explained;
mod junit;
mod markdown;
mod outline;
mod tap;
#[cfg(test)]
mod tests;

pub use outline::outline;

pub(super) use explained::name;
pub(super) use markdown::{MAX_CHARS, counts, escaped};

use std::io;

use super::record::{RunRecord, Sink, Writer};

/// The reports that are one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// JUnit XML.
    Junit,
    /// Markdown for a comment on a pull request.
    Markdown,
    /// TAP 14.
    Tap,
}

impl TextKind {
    /// The text.
    ///
    /// # Errors
    /// None that the record can cause; those of the writer of XML are passed on.
    pub fn text(self, record: &RunRecord) -> io::Result<String> {
        match self {
            Self::Junit => junit::junit(record),
            Self::Markdown => Ok(markdown::markdown(record)),
            Self::Tap => Ok(tap::tap(record)),
        }
    }
}

/// Writes such a report.
#[derive(Debug)]
pub struct Text {
    sink: Sink,
    kind: TextKind,
}

impl Text {
    /// A report that goes there.
    pub fn new(kind: TextKind, sink: Sink) -> Self {
        Self { sink, kind }
    }
}

impl Writer for Text {
    fn write(&mut self, record: &RunRecord) -> io::Result<()> {
        let text = self.kind.text(record)?;
        self.sink.put(|out| out.write_all(text.as_bytes()))
    }
}
