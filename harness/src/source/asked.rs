//! Which keys the readers ask for, and which of them are there, so that tests can hold them against
//! the language's words.

use std::cell::RefCell;
use std::collections::BTreeSet;

thread_local! {
    static ASKED: RefCell<BTreeSet<(&'static str, &'static str)>> = RefCell::default();
    static FOUND: RefCell<BTreeSet<(&'static str, &'static str)>> = RefCell::default();
}

/// Notes that a reader of `what` asked for `key`.
pub(super) fn note(what: &'static str, key: &'static str) {
    ASKED.with_borrow_mut(|asked| asked.insert((what, key)));
}

/// Notes that what was asked for was there.
pub(super) fn note_found(what: &'static str, key: &'static str) {
    FOUND.with_borrow_mut(|found| found.insert((what, key)));
}

/// Forgets what this thread has noted.
pub(crate) fn forget() {
    ASKED.with_borrow_mut(BTreeSet::clear);
    FOUND.with_borrow_mut(BTreeSet::clear);
}

/// What the readers of this thread have found: what they read, and the key.
pub(crate) fn found() -> BTreeSet<(&'static str, &'static str)> {
    FOUND.with_borrow(BTreeSet::clone)
}

/// What the readers of this thread have asked for: what they read, and the key.
pub(crate) fn all() -> BTreeSet<(&'static str, &'static str)> {
    ASKED.with_borrow(BTreeSet::clone)
}
