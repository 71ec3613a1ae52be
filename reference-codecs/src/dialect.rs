//! Dialects of a protocol: the same messages, written in other bytes, and chosen by a name.

use thiserror::Error;

/// The name is that of no dialect.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown dialect `{name}`; the dialects are {known}")]
pub struct UnknownDialect {
    name: String,
    known: String,
}

impl UnknownDialect {
    pub(crate) fn new(name: &str, known: &[&str]) -> Self {
        let known = match known {
            [others @ .., last] if !others.is_empty() => {
                format!("{} and {last}", others.join(", "))
            }
            _ => known.join(", "),
        };
        Self {
            name: name.to_owned(),
            known,
        }
    }
}

/// Lets users write and read a dialect, a type with `ALL` and `name`, by its name.
macro_rules! named_dialect {
    ($dialect:ty) => {
        impl std::fmt::Display for $dialect {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $dialect {
            type Err = $crate::dialect::UnknownDialect;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .into_iter()
                    .find(|dialect| dialect.name() == name)
                    .ok_or_else(|| {
                        $crate::dialect::UnknownDialect::new(name, &Self::ALL.map(Self::name))
                    })
            }
        }
    };
}
pub(crate) use named_dialect;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let told = |known: &[&str]| UnknownDialect::new("x", known).to_string();
        assert_eq!(told(&["a"]), "unknown dialect `x`; the dialects are a");
        assert!(told(&["a", "b"]).ends_with("are a and b"));
        assert!(told(&["a", "b", "c"]).ends_with("are a, b and c"));
    }
}
