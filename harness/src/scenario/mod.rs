//! Scenarios as written: the typed form of a scenario file before names are resolved.

mod document;
mod expression;
mod matcher;
mod quantity;
pub mod sockets;
mod step;

pub use document::{Client, ClientName, Need, Scenario, SubjectWord};
pub use expression::{Expression, Piece, Template, Variable};
pub use matcher::{Compare, Matcher};
pub use quantity::{Operator, Quantity, parse_duration};
pub(crate) use step::step_words;
pub use step::{
    Action, Batch, Branch, Fence, Order, Pattern, Payload, Repeat, Send, ServerAction, Step,
    StepKind, Stream, Times, Way, Window, Word, Writing, close_word, read_pattern, read_steps,
};
