//! Whether a message is what a step asks for: pure comparison, no sockets, no clock.

mod amount;
mod check;
mod expr;
mod pattern;

pub use amount::{Amount, evaluate};
pub use check::{Check, check_text};
pub use expr::{Expr, Lookup, Reference, TextPiece, Unknown};
pub use pattern::{FieldCheck, Pattern, describe_message};
