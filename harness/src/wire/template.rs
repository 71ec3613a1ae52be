//! Text templates that both print and parse: `{nickname}: {text}`.
//!
//! `{x}` ends at the first place where what follows it fits, and the last one takes the rest, so
//! matching never goes back and takes time in proportion to the text.

use std::ops::Range;
use std::sync::Arc;

use super::class::Names;

/// One form that a text can have.
#[derive(Debug)]
pub(super) struct Template {
    /// As written, for messages.
    pub(super) source: String,
    /// What the text begins with.
    head: Vec<Piece>,
    /// Free holes, each with what follows it up to the next one.
    tails: Vec<(Hole, Vec<Piece>)>,
}

/// What has a form of its own.
#[derive(Debug)]
pub(super) enum Piece {
    Literal(String),
    Number(Hole),
}

/// A place in a template that takes a value.
#[derive(Debug, Clone)]
pub(super) struct Hole {
    /// Its place among the fields of the message; `None` drops the value.
    pub(super) slot: Option<usize>,
    /// The field's name; empty when the value is dropped.
    pub(super) path: Arc<str>,
    pub(super) sort: Sort,
}

/// What a hole takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sort {
    /// Any text.
    Text,
    /// At least one character and no white space.
    Word,
    /// A decimal number, or the name of one; printed by its name where that is asked for.
    Number { names: Names, by_name: bool },
    /// A truth value (alone in a JSON value only).
    Truth,
    /// Any JSON value (alone only).
    Json,
}

/// A template before its holes have places: text and `{…}` in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Literal(String),
    /// `{name:sort}`, both perhaps empty.
    Hole {
        name: String,
        sort: String,
    },
}

/// What a hole took.
#[derive(Debug, Clone)]
pub(super) struct Taken<'t> {
    pub(super) hole: &'t Hole,
    pub(super) range: Range<usize>,
    /// The value of a [`Sort::Number`].
    pub(super) number: Option<i128>,
}

/// The most digits that a number in a text can have.
const MAX_DIGITS: usize = 19;

/// Splits a template; `{{` and `}}` are braces. The error says what is wrong.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix(brace) {
            literal.push_str(brace);
            rest = behind;
            continue;
        }
        let (inside, behind) = match rest.split_once('}') {
            Some(split) if brace == "{" => split,
            _ => return Err(format!("a `{brace}` without its other half")),
        };
        if !literal.is_empty() {
            tokens.push(Token::Literal(std::mem::take(&mut literal)));
        }
        let (name, sort) = inside.split_once(':').unwrap_or((inside, ""));
        tokens.push(Token::Hole {
            name: name.trim().to_owned(),
            sort: sort.trim().to_owned(),
        });
        rest = behind;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        tokens.push(Token::Literal(literal));
    }
    Ok(tokens)
}

impl Template {
    /// A template of pieces and free holes; two free holes side by side are an error, since
    /// nothing says where the first ends.
    pub(super) fn new(source: &str, parts: Vec<Result<Piece, Hole>>) -> Result<Self, String> {
        let mut template = Self {
            source: source.to_owned(),
            head: Vec::new(),
            tails: Vec::new(),
        };
        for part in parts {
            match (part, template.tails.last_mut()) {
                (Ok(piece), None) => template.head.push(piece),
                (Ok(piece), Some((_, pieces))) => pieces.push(piece),
                (Err(hole), Some((before, pieces))) if pieces.is_empty() => {
                    let name = |hole: &Hole| format!("`{{{}}}`", hole.path);
                    return Err(format!(
                        "nothing stands between {} and {}",
                        name(before),
                        name(&hole)
                    ));
                }
                (Err(hole), _) => template.tails.push((hole, Vec::new())),
            }
        }
        Ok(template)
    }

    /// True when any text fits.
    pub(super) fn takes_all(&self) -> bool {
        let free =
            |(hole, behind): &(Hole, Vec<Piece>)| hole.sort == Sort::Text && behind.is_empty();
        self.head.is_empty() && self.tails.len() == 1 && self.tails.iter().all(free)
    }

    /// True when every text that fits `other` surely fits this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        if self.takes_all() {
            return true;
        }
        if other.tails.is_empty()
            && let [Piece::Literal(text)] = &other.head[..]
        {
            return self.parse(text.as_bytes(), &mut Vec::new()).is_ok();
        }
        let tails = self.tails.iter().zip(&other.tails);
        same_pieces(&self.head, &other.head)
            && self.tails.len() == other.tails.len()
            && tails.into_iter().all(|((a, behind_a), (b, behind_b))| {
                let sort = a.sort == b.sort || a.sort == Sort::Text;
                sort && same_pieces(behind_a, behind_b)
            })
    }

    /// All holes, from the left.
    pub(super) fn holes(&self) -> impl Iterator<Item = &Hole> {
        let tails = self.tails.iter();
        let tails = tails.flat_map(|(hole, pieces)| std::iter::once(hole).chain(numbers(pieces)));
        numbers(&self.head).chain(tails)
    }

    /// Prints the template; `value` gives the text of each hole.
    pub(super) fn print<E>(
        &self,
        out: &mut Vec<u8>,
        mut value: impl FnMut(&Hole, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        print_pieces(&self.head, out, &mut value)?;
        for (hole, behind) in &self.tails {
            value(hole, out)?;
            print_pieces(behind, out, &mut value)?;
        }
        Ok(())
    }

    /// Takes a text apart. The error is how far the text fits.
    pub(super) fn parse<'t>(
        &'t self,
        text: &[u8],
        taken: &mut Vec<Taken<'t>>,
    ) -> Result<(), usize> {
        taken.clear();
        let mut at = 0;
        for piece in &self.head {
            at = fits(std::slice::from_ref(piece), text, at, taken)
                .ok_or_else(|| at + common(piece, &text[at..]))?;
        }
        let Some((last, others)) = self.tails.split_last() else {
            return if at == text.len() { Ok(()) } else { Err(at) };
        };
        for (hole, pieces) in others {
            let first = taken.len();
            let start = at;
            let mut found = starts(pieces, text, at);
            let place = found.find_map(|place| {
                taken.truncate(first);
                fits(pieces, text, place, taken).map(|end| (place, end))
            });
            let (place, end) = place.ok_or(start)?;
            insert(taken, first, hole, start..place, text)?;
            at = end;
        }
        parse_last(last, text, at, taken)
    }
}

fn parse_last<'t>(
    (hole, pieces): &'t (Hole, Vec<Piece>),
    text: &[u8],
    at: usize,
    taken: &mut Vec<Taken<'t>>,
) -> Result<(), usize> {
    let first = taken.len();
    let literals = pieces.iter().map(|piece| match piece {
        Piece::Literal(text) => Some(text.len()),
        Piece::Number(_) => None,
    });
    let mut whole = |place: usize| {
        taken.truncate(first);
        fits(pieces, text, place, taken) == Some(text.len())
    };
    let place = match literals.sum::<Option<usize>>() {
        Some(len) => text
            .len()
            .checked_sub(len)
            .filter(|place| *place >= at && whole(*place)),
        None => starts(pieces, text, at).find(|place| whole(*place)),
    };
    let place = place.ok_or(at)?;
    insert(taken, first, hole, at..place, text)
}

fn numbers(pieces: &[Piece]) -> impl Iterator<Item = &Hole> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Number(hole) => Some(hole),
        Piece::Literal(_) => None,
    })
}

fn same_pieces(a: &[Piece], b: &[Piece]) -> bool {
    let same = |(a, b): (&Piece, &Piece)| match (a, b) {
        (Piece::Literal(a), Piece::Literal(b)) => a == b,
        (Piece::Number(a), Piece::Number(b)) => a.sort == b.sort,
        _ => false,
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

fn print_pieces<E>(
    pieces: &[Piece],
    out: &mut Vec<u8>,
    value: &mut impl FnMut(&Hole, &mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    for piece in pieces {
        match piece {
            Piece::Literal(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Number(hole) => value(hole, out)?,
        }
    }
    Ok(())
}

/// Puts a free hole before what follows it, if its text is allowed.
fn insert<'t>(
    taken: &mut Vec<Taken<'t>>,
    first: usize,
    hole: &'t Hole,
    range: Range<usize>,
    text: &[u8],
) -> Result<(), usize> {
    let inside = &text[range.clone()];
    if hole.sort == Sort::Word && (inside.is_empty() || inside.iter().any(u8::is_ascii_whitespace))
    {
        return Err(range.start);
    }
    let one = Taken {
        hole,
        range,
        number: None,
    };
    taken.insert(first, one);
    Ok(())
}

/// Where the pieces could begin, from the left.
fn starts<'a>(
    pieces: &'a [Piece],
    text: &'a [u8],
    from: usize,
) -> impl Iterator<Item = usize> + 'a {
    let first = match pieces.first() {
        Some(Piece::Literal(literal)) => literal.as_bytes().first().copied(),
        _ => None,
    };
    (from..=text.len()).filter(move |at| first.is_none_or(|byte| text.get(*at) == Some(&byte)))
}

/// The end of the pieces when they stand at `at`.
fn fits<'t>(
    pieces: &'t [Piece],
    text: &[u8],
    mut at: usize,
    taken: &mut Vec<Taken<'t>>,
) -> Option<usize> {
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => {
                if !text[at..].starts_with(literal.as_bytes()) {
                    return None;
                }
                at += literal.len();
            }
            Piece::Number(hole) => {
                let (value, len) = number(&hole.sort, text, at)?;
                taken.push(Taken {
                    hole,
                    range: at..at + len,
                    number: Some(value),
                });
                at += len;
            }
        }
    }
    Some(at)
}

/// The longest name, or all the digits, that stand at `at`.
fn number(sort: &Sort, text: &[u8], at: usize) -> Option<(i128, usize)> {
    let rest = &text[at..];
    if let Sort::Number { names, .. } = sort {
        let here = names
            .iter()
            .filter(|(name, _)| rest.starts_with(name.as_bytes()));
        if let Some((name, value)) = here.max_by_key(|(name, _)| name.len()) {
            return Some((value, name.len()));
        }
    }
    let before = at.checked_sub(1).map_or(b' ', |at| text[at]);
    let negative = rest.first() == Some(&b'-') && !before.is_ascii_alphanumeric();
    if !negative && before.is_ascii_digit() {
        return None;
    }
    let digits = &rest[usize::from(negative)..];
    let len = digits
        .iter()
        .take(MAX_DIGITS + 1)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if len == 0 || len > MAX_DIGITS {
        return None;
    }
    let value: i128 = std::str::from_utf8(&digits[..len]).ok()?.parse().ok()?;
    Some((
        if negative { -value } else { value },
        len + usize::from(negative),
    ))
}

fn common(piece: &Piece, text: &[u8]) -> usize {
    match piece {
        Piece::Literal(literal) => {
            let pairs = literal.bytes().zip(text);
            pairs.take_while(|(a, b)| a == *b).count()
        }
        Piece::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(names: Names) -> Sort {
        Sort::Number {
            names,
            by_name: true,
        }
    }

    fn template(source: &str) -> Template {
        let mut slot = 0;
        let parts = tokens(source)
            .unwrap()
            .into_iter()
            .map(|token| match token {
                Token::Literal(text) => Ok(Piece::Literal(text)),
                Token::Hole { name, sort } => {
                    let mut hole = |sort| Hole {
                        slot: (!name.is_empty()).then(|| {
                            slot += 1;
                            slot - 1
                        }),
                        path: name.as_str().into(),
                        sort,
                    };
                    match sort.as_str() {
                        "int" => Ok(Piece::Number(hole(number(Names::default())))),
                        "word" => Err(hole(Sort::Word)),
                        "five" => {
                            let names = Names(vec![("five".into(), 5), ("fiver".into(), 6)]);
                            Ok(Piece::Number(hole(number(names))))
                        }
                        _ => Err(hole(Sort::Text)),
                    }
                }
            });
        Template::new(source, parts.collect()).unwrap()
    }

    /// The values of the holes in turn, joined by `|`.
    fn parse(source: &str, text: &str) -> Result<String, usize> {
        let template = template(source);
        let mut taken = Vec::new();
        template.parse(text.as_bytes(), &mut taken)?;
        let shown = taken.iter().map(|one| match one.number {
            Some(number) => number.to_string(),
            None => text[one.range.clone()].to_owned(),
        });
        Ok(shown.collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn holes_take_the_shortest_and_the_last_takes_the_rest() {
        assert_eq!(
            parse("{n}: {t}", "bob: hi: there"),
            Ok("bob|hi: there".to_owned())
        );
        assert_eq!(
            parse("({when}) {n}: {t}!", "(a) b: c!!"),
            Ok("a|b|c!".to_owned())
        );
        assert_eq!(parse("{n}: {t}", ": "), Ok("|".to_owned()));
        assert_eq!(parse("{t}", ""), Ok(String::new()));
        assert_eq!(parse("NICK {n}", "NICK a b"), Ok("a b".to_owned()));
        assert_eq!(parse("{a}ab{b}", "aab"), Ok("a|".to_owned()));
        assert_eq!(
            parse("{a} and {b} and {c}", "1 and 2 and 3 and 4"),
            Ok("1|2|3 and 4".to_owned())
        );
    }

    #[test]
    fn numbers_take_all_their_digits() {
        let shutdown = "{}{n:int} second{}";
        assert_eq!(
            parse(shutdown, "Server will shut down in 15 seconds"),
            Ok("Server will shut down in |15|s".to_owned())
        );
        assert_eq!(
            parse(shutdown, "1 of 3: 5 second"),
            Ok("1 of 3: |5|".to_owned())
        );
        assert_eq!(parse("{a:int}", "007"), Ok("7".to_owned()));
        assert_eq!(parse("{a:int}", "-7"), Ok("-7".to_owned()));
        assert_eq!(parse("t{}{a:int}", "t-7"), Ok("-|7".to_owned()));
        assert_eq!(parse("t {}{a:int}", "t -7"), Ok("|-7".to_owned()));
        assert_eq!(parse("{}{a:int}", "t-7"), Ok("t-|7".to_owned()));
        assert_eq!(parse("{a:int}{b}", "404x"), Ok("404|x".to_owned()));
        assert_eq!(parse("in {a:five} s", "in fiver s"), Ok("6".to_owned()));
        assert_eq!(parse("in {a:five} s", "in five s"), Ok("5".to_owned()));
        assert_eq!(parse("in {a:five} s", "in 12 s"), Ok("12".to_owned()));
        assert!(parse("{a:int}", &"9".repeat(20)).is_err());
        assert!(parse("{}{a:int}", &"9".repeat(100_000)).is_err());
    }

    #[test]
    fn what_does_not_fit_says_how_far_it_did() {
        assert_eq!(parse("HELLO", "HELP"), Err(3));
        assert_eq!(parse("HELLO", "HELLO "), Err(5));
        assert_eq!(parse("HELLO", "HE"), Err(2));
        assert_eq!(parse("{a}: {b}", "abc"), Err(0));
        assert_eq!(parse("{a:word}: {b}", "a b: c"), Err(0));
        assert_eq!(parse("{a:word}: {b}", "ab: c d"), Ok("ab|c d".to_owned()));
    }

    #[test]
    fn braces_are_written_twice() {
        assert_eq!(parse("{{{a}}}", "{x}"), Ok("x".to_owned()));
        assert_eq!(tokens("a{b").unwrap_err(), "a `{` without its other half");
        assert_eq!(tokens("a}b").unwrap_err(), "a `}` without its other half");
        let hole = |name: &str| {
            Err(Hole {
                slot: None,
                path: name.into(),
                sort: Sort::Text,
            })
        };
        let problem = Template::new("{a}{b}", vec![hole("a"), hole("b")]).unwrap_err();
        assert_eq!(problem, "nothing stands between `{a}` and `{b}`");
    }
}
