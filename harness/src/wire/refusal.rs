//! Why bytes are not, or not yet, a message of some kind.

use std::ops::Range;
use std::sync::Arc;

use super::shape::{Encoding, Number};
use super::template::Template;
use super::{Kind, Malformed, Value};

/// Why the walk over a shape ended early.
#[derive(Debug)]
pub(super) enum Stop<'c> {
    /// So many bytes are needed at `at`.
    More {
        path: Arc<str>,
        needed: usize,
        at: usize,
    },
    /// The bytes are not of this shape.
    Refused(Refusal<'c>),
}

/// Where and why bytes are not of a shape.
#[derive(Debug)]
pub(super) struct Refusal<'c> {
    pub(super) at: usize,
    /// How far the shape fitted: first the place, then how much of a JSON value.
    pub(super) rank: (usize, usize),
    pub(super) path: &'c Arc<str>,
    pub(super) why: Why<'c>,
}

/// Why bytes are not of a shape; put into words only when somebody asks.
#[derive(Debug)]
pub(super) enum Why<'c> {
    /// Another number than the constant.
    NotNumber {
        number: &'c Number,
        found: i128,
        wanted: i128,
        tag: bool,
    },
    /// Other bytes than the constant.
    NotConstant {
        value: &'c Value,
        found: Range<usize>,
        tag: bool,
    },
    /// No number in this form.
    NoNumber(&'static str),
    /// So many bytes are needed, fewer are left where they must stand.
    Overrun { needed: usize, left: usize },
    /// A length says less than what it counts of itself.
    TooShort { said: i128, least: i128 },
    /// More bytes than a message may have.
    Limit { most: usize },
    /// More values in a list than can be.
    TooMany { most: usize },
    /// So many bytes are left in a window.
    LeftOver(usize),
    /// Bytes that are no JSON, or not one value.
    NoJson(&'static str),
    /// Bytes that are no Protocol Buffers message.
    NoProto(&'static str),
    /// A message that begins with another field.
    NotFirst { begins: u32, found: u32 },
    /// A field in another form than its declaration says.
    OtherForm {
        number: u32,
        found: &'static str,
        wanted: &'static str,
    },
    /// A field too many.
    UnknownField(u32),
    /// Another value than the constant.
    NotValue { wanted: &'c Value, found: Value },
    /// A text that no template fits.
    NotText {
        template: &'c Template,
        found: Range<usize>,
    },
    /// A JSON value of another sort.
    NotSort {
        wanted: &'static str,
        found: Range<usize>,
    },
    /// A JSON object without a key.
    NoKey(&'c str),
    /// A JSON object with a key too many.
    UnknownKey(Range<usize>),
    /// A byte that is not the padding.
    NotPadding { found: u8, wanted: u8 },
}

impl Refusal<'_> {
    /// Puts the refusal into words; `rivals` got just as far.
    pub(super) fn explain(
        &self,
        kind: &Kind,
        rivals: &[(&Kind, Refusal<'_>)],
        bytes: &[u8],
    ) -> Malformed {
        let mut all = vec![(kind, self)];
        let rivals = rivals.iter().map(|(kind, refusal)| (*kind, refusal));
        all.extend(rivals.filter(|(_, rival)| rival.path == self.path));
        Malformed {
            offset: self.at,
            field: self.path.to_string(),
            reason: reason(&all, bytes),
        }
    }
}

/// What kinds that got equally far say together.
fn reason(all: &[(&Kind, &Refusal<'_>)], bytes: &[u8]) -> String {
    let Some((first, rest)) = all.split_first() else {
        return String::new();
    };
    let said = first.1.why.in_words(bytes);
    let wanted = |(_, refusal): &(&Kind, &Refusal<'_>)| refusal.why.wanted();
    let tag = matches!(
        first.1.why,
        Why::NotNumber { tag: true, .. } | Why::NotConstant { tag: true, .. }
    );
    if !tag
        && rest
            .iter()
            .all(|(_, other)| other.why.in_words(bytes) == said)
    {
        return said;
    }
    if all.iter().any(|one| wanted(one).is_none()) {
        let names: Vec<&str> = rest.iter().map(|(kind, _)| &*kind.name).collect();
        let kind = &first.0.name;
        return format!("{said} (as `{kind}`; nor is it {})", names.join(", "));
    }
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for one in all {
        let wanted = wanted(one).unwrap_or_default();
        match groups.iter_mut().find(|(known, _)| *known == wanted) {
            Some((_, kinds)) => kinds.push(&one.0.name),
            None => groups.push((wanted, vec![&one.0.name])),
        }
    }
    let mut words: Vec<String> = groups
        .iter()
        .take(MAX_NAMED)
        .map(|(wanted, kinds)| format!("{wanted} ({})", kinds.join(", ")))
        .collect();
    if groups.len() > MAX_NAMED {
        words.push(format!("{} more", groups.len() - MAX_NAMED));
    }
    format!(
        "{} is none of: {}",
        first.1.why.found(bytes),
        words.join(", ")
    )
}

/// How many possibilities are named.
const MAX_NAMED: usize = 12;

impl Why<'_> {
    fn in_words(&self, bytes: &[u8]) -> String {
        match self {
            Self::NotNumber { .. } | Self::NotConstant { .. } | Self::NotValue { .. } => {
                let wanted = self.wanted().unwrap_or_default();
                format!("{} instead of {wanted}", self.found(bytes))
            }
            Self::NoNumber(reason) | Self::NoJson(reason) | Self::NoProto(reason) => {
                (*reason).to_owned()
            }
            Self::NotFirst { begins, found } => {
                format!("field {found} where a message begins with field {begins}")
            }
            Self::OtherForm {
                number,
                found,
                wanted,
            } => format!("field {number} is {found} instead of {wanted}"),
            Self::UnknownField(number) => format!("no field {number} is known"),
            Self::NotText { .. } => {
                let wanted = self.wanted().unwrap_or_default();
                format!("{} does not fit {wanted}", self.found(bytes))
            }
            Self::NotSort { wanted, found } => {
                format!("{} instead of {wanted}", shown(bytes, found))
            }
            Self::NoKey(key) => format!("the key `{key}` is missing"),
            Self::UnknownKey(found) => format!("no key {} is known", shown(bytes, found)),
            Self::Overrun { needed, left } => {
                let s = if *needed == 1 { "" } else { "s" };
                format!("{needed} byte{s} needed, but only {left} left where it stands")
            }
            Self::TooShort { said, least } => {
                format!("{said} is less than the {least} that it counts at least")
            }
            Self::Limit { most } => format!("more than the {most} bytes a message can have"),
            Self::TooMany { most } => format!("more than {most} values"),
            Self::LeftOver(count) => format!("{} behind it", left_over(*count)),
            Self::NotPadding { found, wanted } => {
                format!("{found:#04x} where only padding ({wanted:#04x}) can stand")
            }
        }
    }

    fn found(&self, bytes: &[u8]) -> String {
        match self {
            Self::NotNumber { number, found, .. } => named(number, *found),
            Self::NotValue { found, .. } => found.to_string(),
            Self::NotConstant { found, .. } | Self::NotText { found, .. } => shown(bytes, found),
            _ => String::new(),
        }
    }

    /// The only form that would have been right, where there is only one.
    fn wanted(&self) -> Option<String> {
        match self {
            Self::NotNumber { number, wanted, .. } => Some(named(number, *wanted)),
            Self::NotConstant { value, .. } | Self::NotValue { wanted: value, .. } => {
                Some(value.to_string())
            }
            Self::NotText { template, .. } => {
                Some(format!("\"{}\"", template.source.escape_debug()))
            }
            _ => None,
        }
    }
}

fn shown(bytes: &[u8], range: &Range<usize>) -> String {
    let end = range.end.min(bytes.len());
    let there = bytes.get(range.start..end).unwrap_or_default();
    Encoding::Utf8.decode(there).to_string()
}

fn named(number: &Number, value: i128) -> String {
    match number.names.name(value) {
        Some(name) => format!("{value} ({name})"),
        None => value.to_string(),
    }
}

/// Says what is waited for.
pub(super) fn missing(path: &str, needed: usize, there: usize) -> String {
    let s = if needed == 1 { "" } else { "s" };
    format!("field `{path}`: {needed} byte{s} needed, {there} there")
}

pub(super) fn left_over(bytes: usize) -> String {
    match bytes {
        1 => "1 byte is left over".to_owned(),
        _ => format!("{bytes} bytes are left over"),
    }
}

pub(super) fn refuse<'c>(at: usize, path: &'c Arc<str>, why: Why<'c>) -> Stop<'c> {
    Stop::Refused(Refusal {
        at,
        rank: (at, 0),
        path,
        why,
    })
}

pub(super) fn more<'c>(path: &Arc<str>, needed: usize, at: usize) -> Stop<'c> {
    Stop::More {
        path: Arc::clone(path),
        needed,
        at,
    }
}
