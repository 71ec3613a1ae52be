use regex::Regex;

use super::{Amount, Expr, Lookup, TextPiece, Unknown, evaluate, expr};
use crate::scenario::{Compare, Quantity, Variable};
use crate::wire::Value;

/// What a value must be like, its names resolved.
#[derive(Debug, Clone)]
pub enum Check {
    /// Equal to this.
    Equal(Expr),
    /// Anything, but there.
    Any,
    /// Not there, or null.
    Absent,
    /// Text in which this expression occurs.
    Regex(Box<Regex>),
    /// The same with variables in it, which stand for themselves.
    RegexWith(Vec<TextPiece>),
    /// One of these.
    OneOf(Vec<Check>),
    /// A text within the text, or an item of a list.
    Contains(Box<Check>),
    /// Not this.
    Not(Box<Check>),
    /// Its length in bytes or items.
    Len(Box<Check>),
    /// Compared as a number.
    Compare(Compare, Quantity),
    /// A map with at least these keys.
    Fields(Vec<(String, Check)>),
    /// A list of just these items.
    Items(Vec<Check>),
}

/// Numbers by name, for comparisons.
pub(super) fn amounts(lookup: &dyn Lookup) -> impl Fn(&Variable) -> Option<Amount> {
    move |variable| match lookup.value(&super::Reference::Named(variable.name.as_str().into()))? {
        Value::Int(number) => Some(Amount::Number(number)),
        Value::Text(text) => text.parse().ok().map(Amount::Number).or_else(|| {
            let nanos = crate::scenario::parse_duration(&text)?.as_nanos();
            i128::try_from(nanos).ok().map(Amount::Time)
        }),
        _ => None,
    }
}

impl Check {
    /// Whether a value is as asked.
    ///
    /// # Errors
    /// When a variable has no value, or an inserted one makes no regular expression.
    pub fn holds(&self, value: Option<&Value>, lookup: &dyn Lookup) -> Result<bool, Unknown> {
        let Some(value) = value.filter(|value| !matches!(value, Value::Null)) else {
            return self.holds_for_nothing(value, lookup);
        };
        Ok(match self {
            Self::Any => true,
            Self::Absent => false,
            Self::Equal(expected) => match expected.evaluate(lookup)? {
                Some(expected) => same(&expected, value),
                None => false,
            },
            Self::Regex(regex) => text_of(value).is_some_and(|text| regex.is_match(text)),
            Self::RegexWith(pieces) => {
                let pattern = expr::text(pieces, lookup, |text| regex::escape(&text))?;
                let regex = Regex::new(&pattern).map_err(|error| Unknown(error.to_string()))?;
                text_of(value).is_some_and(|text| regex.is_match(text))
            }
            Self::OneOf(checks) => {
                for check in checks {
                    if check.holds(Some(value), lookup)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Contains(inner) => contains(inner, value, lookup)?,
            Self::Not(inner) => !inner.holds(Some(value), lookup)?,
            Self::Len(inner) => match len_of(value) {
                Some(len) => inner.holds(Some(&Value::Int(len)), lookup)?,
                None => false,
            },
            Self::Compare(compare, quantity) => {
                let limit = evaluate(quantity, &amounts(lookup))?;
                number_of(value).is_some_and(|number| compare.holds(number, limit))
            }
            Self::Fields(checks) => fields_hold(checks, value, lookup)?,
            Self::Items(checks) => items_hold(checks, value, lookup)?,
        })
    }

    fn holds_for_nothing(
        &self,
        value: Option<&Value>,
        lookup: &dyn Lookup,
    ) -> Result<bool, Unknown> {
        Ok(match self {
            Self::Absent => true,
            Self::Any => value.is_some(),
            Self::Equal(expected) => match expected.evaluate(lookup)? {
                Some(Value::Null) => value.is_some(),
                Some(_) => false,
                None => true,
            },
            Self::Not(inner) => !inner.holds(value, lookup)?,
            Self::OneOf(checks) => {
                let mut any = false;
                for check in checks {
                    any |= check.holds(value, lookup)?;
                }
                any
            }
            _ => false,
        })
    }

    /// Whether an amount (a number or a time) is as asked; only comparisons and numbers can be.
    ///
    /// # Errors
    /// When a variable has no value.
    pub fn holds_for_amount(
        &self,
        amount: Amount,
        name: &dyn Fn(&Variable) -> Option<Amount>,
        lookup: &dyn Lookup,
    ) -> Result<bool, Unknown> {
        match (self, amount) {
            (Self::Compare(compare, quantity), _) => {
                Ok(compare.holds(amount, evaluate(quantity, name)?))
            }
            (Self::Not(inner), _) => Ok(!inner.holds_for_amount(amount, name, lookup)?),
            (_, Amount::Number(number)) => self.holds(Some(&Value::Int(number)), lookup),
            (_, Amount::Time(_)) => Err(Unknown(
                "a time is checked with $lt, $le, $gt or $ge".to_owned(),
            )),
        }
    }

    /// What is asked for, in words.
    pub fn describe(&self, lookup: &dyn Lookup) -> String {
        let list = |checks: &[Self]| {
            checks
                .iter()
                .map(|check| check.describe(lookup))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Self::Equal(expected) => match expected.evaluate(lookup) {
                Ok(Some(value)) => value.to_string(),
                Ok(None) => "nothing".to_owned(),
                Err(unknown) => unknown.0,
            },
            Self::Any => "anything".to_owned(),
            Self::Absent => "nothing".to_owned(),
            Self::Regex(regex) => format!("text matching /{regex}/"),
            Self::RegexWith(pieces) => {
                match expr::text(pieces, lookup, |text| regex::escape(&text)) {
                    Ok(pattern) => format!("text matching /{pattern}/"),
                    Err(unknown) => unknown.0,
                }
            }
            Self::OneOf(checks) => format!("one of {}", list(checks)),
            Self::Contains(inner) => format!("something containing {}", inner.describe(lookup)),
            Self::Not(inner) => format!("not {}", inner.describe(lookup)),
            Self::Len(inner) => format!("a length of {}", inner.describe(lookup)),
            Self::Compare(compare, quantity) => {
                let limit = evaluate(quantity, &amounts(lookup));
                let limit = limit.map_or_else(|unknown| unknown.0, |amount| amount.to_string());
                format!("{} {limit}", compare.words())
            }
            Self::Fields(checks) => {
                let show =
                    |(key, check): &(String, Self)| format!("{key}: {}", check.describe(lookup));
                format!(
                    "{{ {} … }}",
                    checks.iter().map(show).collect::<Vec<_>>().join(", ")
                )
            }
            Self::Items(checks) => format!("[{}]", list(checks)),
        }
    }
}

impl Compare {
    fn holds(self, left: Amount, right: Amount) -> bool {
        let same_kind = matches!(
            (left, right),
            (Amount::Number(_), Amount::Number(_)) | (Amount::Time(_), Amount::Time(_))
        );
        same_kind
            && match self {
                Self::Less => left < right,
                Self::LessOrEqual => left <= right,
                Self::Greater => left > right,
                Self::GreaterOrEqual => left >= right,
            }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Less => "less than",
            Self::LessOrEqual => "at most",
            Self::Greater => "more than",
            Self::GreaterOrEqual => "at least",
        }
    }
}

/// Whether a text is as asked.
///
/// # Errors
/// When a variable has no value.
pub fn check_text(check: &Check, text: &str, lookup: &dyn Lookup) -> Result<bool, Unknown> {
    check.holds(Some(&Value::Text(text.to_owned())), lookup)
}

/// Equality of an expected with a received value. Integers and whole floats are one kind of number,
/// since JSON does not tell them apart; text and bytes are not, since only bytes may be invalid.
fn same(expected: &Value, received: &Value) -> bool {
    match (expected, received) {
        (Value::Int(int), Value::Float(float)) | (Value::Float(float), Value::Int(int)) => {
            int.to_string() == float.to_string()
        }
        (Value::Text(text), Value::Bytes(bytes)) => text.as_bytes() == bytes.as_slice(),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let find = |key: &String| b.iter().find(|(other, _)| other == key);
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| find(key).is_some_and(|(_, b)| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn number_of(value: &Value) -> Option<Amount> {
    match value {
        Value::Int(number) => Some(Amount::Number(*number)),
        Value::Text(text) => text.trim().parse().ok().map(Amount::Number),
        _ => None,
    }
}

fn len_of(value: &Value) -> Option<i128> {
    let len = match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => return None,
    };
    i128::try_from(len).ok()
}

fn contains(inner: &Check, value: &Value, lookup: &dyn Lookup) -> Result<bool, Unknown> {
    match value {
        Value::List(items) => {
            for item in items {
                if inner.holds(Some(item), lookup)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Map(_) => inner.holds(Some(value), lookup),
        Value::Text(_) | Value::Bytes(_) => {
            let Check::Equal(expected) = inner else {
                return inner.holds(Some(value), lookup);
            };
            let Some(expected) = expected.evaluate(lookup)? else {
                return Ok(true);
            };
            Ok(match (value, expected) {
                (Value::Text(text), Value::Text(part)) => text.contains(&part),
                (Value::Text(text), part @ Value::Int(_)) => text.contains(&part.to_string()),
                (Value::Bytes(bytes), Value::Text(part)) => within(bytes, part.as_bytes()),
                (Value::Bytes(bytes), Value::Bytes(part)) => within(bytes, &part),
                _ => false,
            })
        }
        _ => Ok(false),
    }
}

fn within(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}

fn fields_hold(
    checks: &[(String, Check)],
    value: &Value,
    lookup: &dyn Lookup,
) -> Result<bool, Unknown> {
    let Value::Map(entries) = value else {
        return Ok(false);
    };
    for (key, check) in checks {
        let found = entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value);
        if !check.holds(found, lookup)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn items_hold(checks: &[Check], value: &Value, lookup: &dyn Lookup) -> Result<bool, Unknown> {
    let Value::List(items) = value else {
        return Ok(false);
    };
    if items.len() != checks.len() {
        return Ok(false);
    }
    for (check, item) in checks.iter().zip(items) {
        if !check.holds(Some(item), lookup)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names;

    impl Lookup for Names {
        fn value(&self, reference: &super::super::Reference) -> Option<Value> {
            match reference {
                super::super::Reference::Named(name) if &**name == "n" => Some(Value::Int(5)),
                super::super::Reference::NameOf(0) => Some(Value::Text("a.b".to_owned())),
                _ => None,
            }
        }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn equal(value: Value) -> Check {
        Check::Equal(Expr::Value(value))
    }

    fn holds(check: &Check, value: &Value) -> bool {
        check.holds(Some(value), &Names).unwrap()
    }

    #[test]
    fn variables_in_a_regex_stand_for_themselves() {
        let pieces = vec![
            TextPiece::Fixed("^".to_owned()),
            TextPiece::Variable(super::super::Reference::NameOf(0)),
            TextPiece::Fixed(" joined$".to_owned()),
        ];
        let check = Check::RegexWith(pieces);
        assert!(holds(&check, &text("a.b joined")));
        assert!(!holds(&check, &text("axb joined")));
        assert!(!holds(&check, &Value::Bytes(b"a.b joined".to_vec())));
    }

    #[test]
    fn contains_looks_into_texts_lists_and_maps() {
        let check = Check::Contains(Box::new(equal(text("bc"))));
        assert!(holds(&check, &text("abcd")));
        assert!(holds(&check, &Value::List(vec![text("bc")])));
        assert!(!holds(&check, &Value::List(vec![text("abcd")])));
        assert!(holds(&check, &Value::Bytes(b"\xffbc".to_vec())));
        let entry = Check::Contains(Box::new(Check::Fields(vec![(
            "k".to_owned(),
            equal(text("v")),
        )])));
        let map = Value::Map(vec![
            ("x".to_owned(), Value::Null),
            ("k".to_owned(), text("v")),
        ]);
        assert!(holds(&entry, &Value::List(vec![map.clone()])));
        assert!(holds(&entry, &map));
    }

    #[test]
    fn absence_and_null_are_alike_but_any_wants_a_key() {
        assert!(Check::Absent.holds(None, &Names).unwrap());
        assert!(Check::Absent.holds(Some(&Value::Null), &Names).unwrap());
        assert!(!Check::Any.holds(None, &Names).unwrap());
        assert!(Check::Any.holds(Some(&Value::Null), &Names).unwrap());
        assert!(!equal(text("")).holds(None, &Names).unwrap());
        assert!(
            Check::Not(Box::new(equal(text("x"))))
                .holds(None, &Names)
                .unwrap()
        );
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let at_most = Check::Compare(
            Compare::LessOrEqual,
            Quantity::Binary(
                Box::new(Quantity::Name(Variable {
                    name: "n".into(),
                    part: None,
                    span: span(),
                })),
                crate::scenario::Operator::Add,
                Box::new(Quantity::Number(1)),
            ),
        );
        assert!(holds(&at_most, &Value::Int(6)));
        assert!(!holds(&at_most, &Value::Int(7)));
        assert!(holds(&at_most, &text("6")));
        assert!(!holds(&at_most, &text("six")));
        assert!(holds(&equal(Value::Int(3)), &Value::Float(3.0)));
        assert!(!holds(&equal(Value::Int(3)), &text("3")));
    }

    fn span() -> crate::source::Span {
        let file = crate::source::SourceFile {
            path: "t".into(),
            text: String::new(),
        };
        crate::source::Span {
            file: std::sync::Arc::new(file),
            start: 0,
            end: 0,
            line: 1,
            column: 1,
        }
    }

    #[test]
    fn an_unknown_variable_is_an_error_and_no_mismatch() {
        let check = Check::Equal(Expr::Variable(super::super::Reference::Nonce));
        assert!(check.holds(Some(&text("x")), &Names).is_err());
    }
}
