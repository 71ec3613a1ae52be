use std::fmt;

use super::Unknown;
use crate::scenario::{Operator, Quantity, Variable};

/// A number or a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Amount {
    /// A number.
    Number(i128),
    /// Nanoseconds; moments are counted from the start of the scenario.
    Time(i128),
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Time(nanos) => {
                let milliseconds = nanos / 1_000_000;
                if milliseconds % 1000 == 0 {
                    write!(f, "{} s", milliseconds / 1000)
                } else if milliseconds.abs() < 1000 {
                    write!(f, "{milliseconds} ms")
                } else {
                    let sign = if milliseconds < 0 { "-" } else { "" };
                    let milliseconds = milliseconds.abs();
                    write!(
                        f,
                        "{sign}{}.{:03} s",
                        milliseconds / 1000,
                        milliseconds % 1000
                    )
                }
            }
        }
    }
}

/// Computes a quantity; `name` gives the amounts of names.
///
/// # Errors
/// When a name has no amount, or numbers and times are mixed where that means nothing.
pub fn evaluate(
    quantity: &Quantity,
    name: &dyn Fn(&Variable) -> Option<Amount>,
) -> Result<Amount, Unknown> {
    match quantity {
        Quantity::Number(number) => Ok(Amount::Number(*number)),
        Quantity::Time(nanos) => Ok(Amount::Time(*nanos)),
        Quantity::Name(variable) => name(variable).ok_or_else(|| {
            Unknown(format!(
                "`{}` has no number or time to compute with",
                variable.name
            ))
        }),
        Quantity::Binary(left, operator, right) => {
            let (left, right) = (evaluate(left, name)?, evaluate(right, name)?);
            combine(left, *operator, right)
        }
    }
}

fn combine(left: Amount, operator: Operator, right: Amount) -> Result<Amount, Unknown> {
    use Amount::{Number, Time};
    let combined = match (left, operator, right) {
        (Number(a), Operator::Add, Number(b)) => a.checked_add(b).map(Number),
        (Number(a), Operator::Subtract, Number(b)) => a.checked_sub(b).map(Number),
        (Number(a), Operator::Multiply, Number(b)) => a.checked_mul(b).map(Number),
        (Time(a), Operator::Add, Time(b)) => a.checked_add(b).map(Time),
        (Time(a), Operator::Subtract, Time(b)) => a.checked_sub(b).map(Time),
        (Time(a), Operator::Multiply, Number(b)) | (Number(a), Operator::Multiply, Time(b)) => {
            a.checked_mul(b).map(Time)
        }
        (Number(a), Operator::Divide, Number(b)) => a.checked_div(b).map(Number),
        (Time(a), Operator::Divide, Number(b)) => a.checked_div(b).map(Time),
        _ => return Err(Unknown(format!("{left} and {right} cannot be combined"))),
    };
    combined.ok_or_else(|| Unknown("the result is too large, or a division by zero".to_owned()))
}
