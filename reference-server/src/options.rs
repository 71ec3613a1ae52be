//! Named parameters, the form in which another program configures a server.

use std::ops::RangeInclusive;

use thiserror::Error;

/// A named parameter that cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionError {
    /// The server has no parameter of this name.
    #[error("unknown parameter `{name}`; the parameters are {known}")]
    Unknown {
        /// The name as given.
        name: String,
        /// The names that exist, joined by commas.
        known: String,
    },
    /// The parameter does not take this value.
    #[error("`{value}` is no value for `{name}`: {reason}")]
    Invalid {
        /// The parameter.
        name: String,
        /// The value as given.
        value: String,
        /// What is wrong with it, or what would be right.
        reason: String,
    },
}

impl OptionError {
    /// A name outside `known`.
    pub fn unknown(name: &str, known: &[&str]) -> Self {
        Self::Unknown {
            name: name.to_owned(),
            known: known.join(", "),
        }
    }

    /// A value that `name` does not take.
    pub fn invalid(name: &str, value: &str, reason: &impl ToString) -> Self {
        Self::Invalid {
            name: name.to_owned(),
            value: value.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// The value of `name` as `parse` understands it.
pub(crate) fn read<T, E: ToString>(
    name: &str,
    value: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, OptionError> {
    parse(value).map_err(|reason| OptionError::invalid(name, value, &reason))
}

/// A number for `name` within `range`.
pub(crate) fn count(
    name: &str,
    value: &str,
    range: RangeInclusive<usize>,
) -> Result<usize, OptionError> {
    value
        .parse()
        .ok()
        .filter(|count| range.contains(count))
        .ok_or_else(|| {
            let reason = format!("write a number from {} to {}", range.start(), range.end());
            OptionError::invalid(name, value, &reason)
        })
}
