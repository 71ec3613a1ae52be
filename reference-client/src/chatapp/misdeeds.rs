//! What only a client with faults has to remember.

use reference_codecs::chatapp::Kind;

use super::faults::Fault;
use crate::session::Note;

#[derive(Debug, Default)]
pub(super) struct Misdeeds {
    /// Whether an answer is outstanding.
    pub(super) is_asking: bool,
    /// The name that was registered first.
    pub(super) first_name: Option<String>,
    /// The name that the client had before it went offline.
    pub(super) former: Option<String>,
    /// Whether it was logged out, and did not leave.
    pub(super) is_out: bool,
    /// The line that was typed last, unless it was empty.
    pub(super) line: String,
    /// The text that others have said last.
    pub(super) heard: Option<(Kind, String)>,
    /// What is shown later.
    pub(super) held: Option<Note>,
    /// A registration that is made later.
    pub(super) unregistered: Option<String>,
    /// The message that was given to the server last, and its reader.
    pub(super) unacknowledged: Option<(String, String)>,
    /// The exit status at the end of the program is 1.
    pub(super) fails: bool,
    struck: Vec<Fault>,
}

impl Misdeeds {
    /// Whether this is the first time for this fault.
    pub(super) fn is_first(&mut self, fault: Fault) -> bool {
        let is_first = !self.struck.contains(&fault);
        if is_first {
            self.struck.push(fault);
        }
        is_first
    }
}
