use thiserror::Error;

use super::{Direction, Value};

/// Why a message cannot be written in bytes.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EncodeError {
    /// The protocol has no such kind.
    #[error("no message is called `{kind}`")]
    UnknownKind {
        /// The name asked for.
        kind: String,
    },
    /// Such messages go the other way only.
    #[error("`{kind}` does not go {}", .direction.word())]
    WrongWay {
        /// The kind.
        kind: String,
        /// The way asked for.
        direction: Direction,
    },
    /// The kind has no such field.
    #[error("{problem}")]
    UnknownField {
        /// One sentence with what would be right.
        problem: String,
    },
    /// A field has neither a value nor a default.
    #[error("`{kind}` needs a value for `{field}`")]
    Missing {
        /// The kind.
        kind: String,
        /// The field.
        field: String,
    },
    /// The default of a field is a variable of the actor that has no value.
    #[error("`{field}` is `$self.{variable}` by default, which has no value yet")]
    NoVariable {
        /// The field.
        field: String,
        /// The variable.
        variable: String,
    },
    /// A field is always the same.
    #[error("`{field}` is always {constant}")]
    Constant {
        /// The field.
        field: String,
        /// Its value.
        constant: Value,
    },
    /// A value that the field cannot have.
    #[error("`{field}`: {problem}")]
    WrongValue {
        /// The field.
        field: String,
        /// What is wrong.
        problem: String,
    },
    /// The wire format has no form for this value, as for a line break in a line.
    #[error("`{field}` cannot be sent in this format: {problem}")]
    NotRepresentable {
        /// The field.
        field: String,
        /// Why.
        problem: String,
    },
    /// No number of the message has that path.
    #[error("nothing in `{kind}` can be bent as `{path}`; there are: {known}")]
    UnknownBend {
        /// The kind.
        kind: String,
        /// The path asked for.
        path: String,
        /// Those that there are.
        known: String,
    },
    /// A bent number does not fit into its bytes.
    #[error("{value} does not fit into `{path}`, which is from {min} to {max}")]
    BendTooLarge {
        /// The path.
        path: String,
        /// The value asked for.
        value: i128,
        /// The smallest value.
        min: i128,
        /// The largest value.
        max: i128,
    },
}
