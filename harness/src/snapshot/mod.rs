//! The exchange of a scenario as a file, to be compared with that of later runs.
//!
//! [`render`] leaves out of a transcript what may differ from run to run; a [`Store`] keeps the
//! texts of one target in files that `cargo insta review` understands; [`review`] asks a person
//! about those that differ.

mod file;
mod redactions;
mod render;
mod review;
mod store;

use std::io;
use std::path::{Path, PathBuf};

pub use redactions::Redactions;
pub use render::render;
pub use review::{Tally, accept, review};
pub use store::{Comparison, Pending, Store, pending};

/// Why snapshots cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// A file cannot be read, written or removed.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no snapshot.
    #[error("{}: this is no snapshot: {reason}; remove it to have it written anew", path.display())]
    Format {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A label cannot be the name of a folder.
    #[error(
        "the label `{0}` must be made of letters, digits, `-`, `_` and `.`, and not begin with `.`"
    )]
    Label(String),
    /// There is nobody to ask.
    #[error(
        "reviewing asks on a terminal and standard input is none; \
         `harness snapshots accept` takes all pending snapshots without asking"
    )]
    NoTerminal,
    /// The answers cannot be read or the questions not be written.
    #[error("the terminal cannot be used: {0}")]
    Terminal(io::Error),
}

impl SnapshotError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
