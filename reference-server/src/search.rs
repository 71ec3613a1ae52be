//! Names in which an expression occurs, found without holding up anybody else.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use regex::bytes::{Regex, RegexBuilder};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// All names at some point in time, in the order of their creation.
pub(crate) type Names = Arc<[Arc<str>]>;

/// The longest expression in bytes.
const PATTERN_LIMIT: usize = 4 << 10;

/// Memory that a compiled expression may take in bytes. The time that one name takes grows with
/// it, and cannot be interrupted.
const COMPILED_LIMIT: usize = 64 << 10;

/// Memory that a search may take beside it, in bytes.
const CACHE_LIMIT: usize = 512 << 10;

/// How deep groups may be nested.
const NEST_LIMIT: u32 = 64;

/// How long one search may take; it is given up then. The linear time of a large expression over
/// all names of a full server is still long.
const PATIENCE: Duration = Duration::from_millis(500);

/// What names are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// Classes such as `\w` mean the same without the large tables of Unicode; those are used only
    /// for an expression that cannot be written without them.
    Ascii,
    /// Only an expression that is too large with those tables does without them.
    Unicode,
}

/// Searches beside everything else, a few at a time: as many as there are processors.
#[derive(Debug)]
pub(crate) struct Searcher {
    alphabet: Alphabet,
    turns: Arc<Semaphore>,
}

impl Searcher {
    pub(crate) fn new(alphabet: Alphabet) -> Self {
        let turns = available_parallelism().map_or(2, usize::from);
        Self {
            alphabet,
            turns: Arc::new(Semaphore::new(turns)),
        }
    }

    /// The names in which the expression occurs, in the order of `names`. `None` when the
    /// expression is invalid or asks for too much.
    pub(crate) async fn find(&self, pattern: Vec<u8>, names: Names) -> Option<Vec<Arc<str>>> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let alphabet = self.alphabet;
        // The turn ends with the search, even when the client that asked has gone meanwhile.
        spawn_blocking(move || {
            let found = search(&pattern, alphabet, &names, Instant::now() + PATIENCE);
            drop(turn);
            found
        })
        .await
        .ok()?
    }
}

fn search(
    pattern: &[u8],
    alphabet: Alphabet,
    names: &Names,
    deadline: Instant,
) -> Option<Vec<Arc<str>>> {
    let expression = compile(pattern, alphabet)?;
    let mut found = Vec::new();
    for name in names.iter() {
        if Instant::now() > deadline {
            return None;
        }
        if expression.is_match(name.as_bytes()) {
            found.push(Arc::clone(name));
        }
    }
    Some(found)
}

/// This library of expressions needs time linear in the length of the text for any of them, and
/// has no backtracking.
fn compile(pattern: &[u8], alphabet: Alphabet) -> Option<Regex> {
    let pattern = std::str::from_utf8(pattern).ok()?;
    if pattern.len() > PATTERN_LIMIT {
        return None;
    }
    let first = alphabet == Alphabet::Unicode;
    [first, !first].into_iter().find_map(|unicode| {
        RegexBuilder::new(pattern)
            .unicode(unicode)
            .size_limit(COMPILED_LIMIT)
            .dfa_size_limit(CACHE_LIMIT)
            .nest_limit(NEST_LIMIT)
            .build()
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Names {
        names.iter().map(|name| Arc::from(*name)).collect()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    async fn find(pattern: &str, alphabet: Alphabet, all: &[&str]) -> Option<String> {
        let searcher = Searcher::new(alphabet);
        let found = searcher.find(pattern.into(), names(all)).await;
        found.map(|found| found.join(","))
    }

    #[tokio::test]
    async fn the_expression_occurs_in_the_name() {
        let all = ["alice", "bob", "carol_x"];
        for alphabet in [Alphabet::Ascii, Alphabet::Unicode] {
            for (pattern, found) in [
                ("", "alice,bob,carol_x"),
                (".*", "alice,bob,carol_x"),
                ("^b", "bob"),
                ("o", "bob,carol_x"),
                ("zzz", ""),
                (r"\w_\w", "carol_x"),
                ("[à-ü]|bob", "bob"),
                ("ALICE", ""),
                ("(?i)ALICE", "alice"),
            ] {
                assert_eq!(
                    find(pattern, alphabet, &all).await.as_deref(),
                    Some(found),
                    "{pattern}"
                );
            }
        }
    }

    #[tokio::test]
    async fn characters_are_those_of_the_alphabet() {
        let all = ["zoë", "zo\u{20ac}"];
        for (pattern, found) in [("^zo.$", "zoë,zo\u{20ac}"), ("^zo[à-ü]$", "zoë")] {
            let found_in = find(pattern, Alphabet::Unicode, &all).await;
            assert_eq!(found_in.as_deref(), Some(found), "{pattern}");
        }
    }

    #[tokio::test]
    async fn an_invalid_expression_is_an_error() {
        for alphabet in [Alphabet::Ascii, Alphabet::Unicode] {
            for pattern in ["[", "*", "(", r"(?=a)", r"(a)\1", "a{1000}{1000}{1000}"] {
                assert_eq!(find(pattern, alphabet, &["alice"]).await, None, "{pattern}");
            }
            let long = "a".repeat(PATTERN_LIMIT + 1);
            assert_eq!(find(&long, alphabet, &["alice"]).await, None);
            let nested = "(".repeat(1000) + &")".repeat(1000);
            assert_eq!(find(&nested, alphabet, &["alice"]).await, None);
            assert_eq!(search(b"\xff", alphabet, &names(&["alice"]), soon()), None);
        }
    }

    #[test]
    fn no_expression_takes_more_than_linear_time() {
        let long = "a".repeat(1000) + "_";
        let all: Names = std::iter::repeat_n(Arc::from(long.as_str()), 1000).collect();
        let started = Instant::now();
        for pattern in [
            "^(a+)+$",
            "^(a|aa)+$",
            "(a*)*b",
            "^(([a-z])+.)+[A-Z]([a-z])+$",
        ] {
            let found = search(pattern.as_bytes(), Alphabet::Ascii, &all, soon());
            assert_eq!(found, Some(Vec::new()));
        }
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{:?}",
            started.elapsed()
        );
    }

    #[test]
    fn a_search_is_given_up_when_it_takes_too_long() {
        let all = names(&["alice"]);
        let past = Instant::now()
            .checked_sub(Duration::from_millis(1))
            .unwrap();
        assert_eq!(search(b"a", Alphabet::Ascii, &all, past), None);
    }
}
