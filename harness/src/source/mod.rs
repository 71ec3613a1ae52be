//! Text of the user's files: nodes with their place, and everything that can be wrong with them.
//!
//! YAML is read into a tree of [`Node`]s that keep their [`Span`]; what is typed is read from that
//! tree with [`Fields`], so that each complaint names file, line and column.

#[cfg(test)]
pub(crate) mod asked;
mod diagnostic;
mod fields;
mod node;
mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Severity, Unknown};
pub use fields::{Fields, closest};
pub(crate) use node::parse_integer;
pub use node::{Content, Entry, Node, Scalar, SourceFile, Span};
pub use yaml::{MAX_FILE_BYTES, documents, read_file};
