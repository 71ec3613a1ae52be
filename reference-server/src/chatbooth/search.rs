//! Names in which an expression occurs, found without holding up anybody else.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use reference_codecs::chatbooth::ALL;
use regex::bytes::{Regex, RegexBuilder};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::accounts::Names;

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

/// Searches beside everything else, a few at a time: as many as there are processors.
#[derive(Debug)]
pub(super) struct Searcher {
    turns: Arc<Semaphore>,
}

impl Searcher {
    pub(super) fn new() -> Self {
        let turns = available_parallelism().map_or(2, usize::from);
        Self {
            turns: Arc::new(Semaphore::new(turns)),
        }
    }

    /// CHATBOOTH-6: the names in which the expression occurs, joined by commas, in the order of
    /// `names`. `None` when the expression is invalid or asks for too much.
    pub(super) async fn find(&self, pattern: Vec<u8>, names: Names) -> Option<Vec<u8>> {
        if pattern.is_empty() || pattern == ALL {
            return join(&names, |_| true, Instant::now() + PATIENCE);
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        // The turn ends with the search, even when the client that asked has gone meanwhile.
        spawn_blocking(move || {
            let found = search(&pattern, &names, Instant::now() + PATIENCE);
            drop(turn);
            found
        })
        .await
        .ok()?
    }
}

fn search(pattern: &[u8], names: &Names, deadline: Instant) -> Option<Vec<u8>> {
    let expression = compile(pattern)?;
    join(names, |name| expression.is_match(name.as_bytes()), deadline)
}

/// CHATBOOTH-6: this library of expressions needs time linear in the length of the text for any
/// of them, and has no backtracking.
///
/// Names are ASCII, so that classes such as `\w` mean the same without the large tables of
/// Unicode; those are used only for an expression that cannot be written without them.
fn compile(pattern: &[u8]) -> Option<Regex> {
    let pattern = std::str::from_utf8(pattern).ok()?;
    if pattern.len() > PATTERN_LIMIT {
        return None;
    }
    [false, true].into_iter().find_map(|unicode| {
        RegexBuilder::new(pattern)
            .unicode(unicode)
            .size_limit(COMPILED_LIMIT)
            .dfa_size_limit(CACHE_LIMIT)
            .nest_limit(NEST_LIMIT)
            .build()
            .ok()
    })
}

fn join(names: &Names, is_wanted: impl Fn(&str) -> bool, deadline: Instant) -> Option<Vec<u8>> {
    let mut found = Vec::new();
    for name in names.iter() {
        if Instant::now() > deadline {
            return None;
        }
        if is_wanted(name) {
            if !found.is_empty() {
                found.push(b',');
            }
            found.extend_from_slice(name.as_bytes());
        }
    }
    Some(found)
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

    async fn find(pattern: &str, all: &[&str]) -> Option<String> {
        let found = Searcher::new().find(pattern.into(), names(all)).await;
        found.map(|found| String::from_utf8(found).unwrap())
    }

    /// Expressions and answers as they were recorded.
    #[tokio::test]
    async fn rule_6_the_expression_occurs_in_the_name() {
        let all = ["alice", "bob", "carol_x"];
        for (pattern, found) in [
            ("\n", "alice,bob,carol_x"),
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
                find(pattern, &all).await.as_deref(),
                Some(found),
                "{pattern}"
            );
        }
    }

    #[tokio::test]
    async fn rule_6_an_invalid_expression_is_an_error() {
        for pattern in ["[", "*", "(", r"(?=a)", r"(a)\1", "a{1000}{1000}{1000}"] {
            assert_eq!(find(pattern, &["alice"]).await, None, "{pattern}");
        }
        let long = "a".repeat(PATTERN_LIMIT + 1);
        assert_eq!(find(&long, &["alice"]).await, None);
        let nested = "(".repeat(1000) + &")".repeat(1000);
        assert_eq!(find(&nested, &["alice"]).await, None);
        assert_eq!(search(b"\xff", &names(&["alice"]), soon()), None);
    }

    #[test]
    fn rule_6_no_expression_takes_more_than_linear_time() {
        let long = "a".repeat(1000) + "_";
        let all: Names = std::iter::repeat_n(Arc::from(long.as_str()), 1000).collect();
        let started = Instant::now();
        for pattern in [
            "^(a+)+$",
            "^(a|aa)+$",
            "(a*)*b",
            "^(([a-z])+.)+[A-Z]([a-z])+$",
        ] {
            assert_eq!(search(pattern.as_bytes(), &all, soon()), Some(Vec::new()));
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
        assert_eq!(search(b"a", &all, past), None);
    }
}
