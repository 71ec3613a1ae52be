//! Faults on purpose: ways in which a reference server or client can be told to break one rule, so
//! that whoever judges programs can be judged.
//!
//! Each protocol has one table of them for its server and one for its client, and each fault is a
//! small switch at the place where the rule is kept. A program has none unless it is told so.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

/// What there is to know about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// How it is asked for.
    pub name: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// What the program then does, in one line.
    pub text: &'static str,
}

/// The faults of one program.
pub trait Fault: Copy + 'static {
    /// All of them, in the order of the rules.
    const ALL: &'static [Self];

    /// What there is to know about it.
    fn about(self) -> About;

    /// Its place in [`ALL`](Self::ALL), below [`MOST`].
    fn place(self) -> usize;
}

/// The most faults that the table of a program can have.
pub const MOST: usize = WORDS * BITS;
const WORDS: usize = 4;
const BITS: usize = u64::BITS as usize;

/// The faults that a program has.
pub struct Faults<F> {
    places: [u64; WORDS],
    kind: PhantomData<F>,
}

impl<F: Fault> Faults<F> {
    /// Whether the program has this fault.
    pub fn has(&self, fault: F) -> bool {
        let (word, bit) = Self::place(fault);
        self.places
            .get(word)
            .is_some_and(|places| places & bit != 0)
    }

    /// Gives the program one more fault.
    pub fn add(&mut self, fault: F) {
        let (word, bit) = Self::place(fault);
        if let Some(places) = self.places.get_mut(word) {
            *places |= bit;
        }
    }

    fn place(fault: F) -> (usize, u64) {
        (fault.place() / BITS, 1 << (fault.place() % BITS))
    }
}

/// The fault of this name.
///
/// Fails with one sentence about what to do next.
pub fn parse<F: Fault>(name: &str) -> Result<F, String> {
    let named = |fault: &&F| fault.about().name == name;
    let found = F::ALL.iter().find(named).copied();
    found.ok_or_else(|| "unknown fault; the subcommand `faults` lists them".to_owned())
}

/// Gives all faults of a program.
pub type Table = fn() -> Vec<About>;

/// All faults of a program.
pub fn all<F: Fault>() -> Vec<About> {
    F::ALL.iter().map(|fault| fault.about()).collect()
}

/// Looks whether each fault of a program has a name of its own, of small letters and hyphens, that
/// none of the `others` has, and breaks a rule of `rules`, the text of a `rules.yaml`.
///
/// Fails with one sentence about the first that does not.
pub fn check(table: &[About], others: &[About], rules: &str) -> Result<(), String> {
    let mut names: HashSet<&str> = others.iter().map(|about| about.name).collect();
    for About { name, rule, .. } in table {
        let is_plain = |char: char| char.is_ascii_lowercase() || char == '-';
        if !name.chars().all(is_plain) {
            return Err(format!("{name} has other letters than a to z and -"));
        }
        if !names.insert(name) {
            return Err(format!("{name} is there twice"));
        }
        if !rules.contains(&format!("\n  {rule}:")) {
            return Err(format!("{name} breaks {rule}, and there is no such rule"));
        }
    }
    Ok(())
}

/// Name, rule and text of each fault in tables that are named by their protocols, in columns; only
/// those of one protocol when it is given.
///
/// Fails with one sentence about the protocols that there are.
pub fn list(tables: &[(&str, Table)], protocol: Option<&str>) -> Result<String, String> {
    let chosen = |name: &str| protocol.is_none_or(|protocol| protocol == name);
    let mut lines = String::new();
    for (protocol, table) in tables.iter().filter(|(name, _)| chosen(name)) {
        for About { name, rule, text } in table() {
            lines += &format!("{protocol:<10} {name:<28} {rule:<14} {text}\n");
        }
    }
    if lines.is_empty() {
        let names: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        return Err(format!("no faults for that protocol; write one of {names}"));
    }
    Ok(lines)
}

impl<F> Default for Faults<F> {
    fn default() -> Self {
        Self {
            places: [0; WORDS],
            kind: PhantomData,
        }
    }
}

impl<F: Fault> FromIterator<F> for Faults<F> {
    fn from_iter<T: IntoIterator<Item = F>>(faults: T) -> Self {
        let mut all = Self::default();
        faults.into_iter().for_each(|fault| all.add(fault));
        all
    }
}

impl<F> Clone for Faults<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Faults<F> {}

impl<F: Fault> fmt::Debug for Faults<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let had = F::ALL.iter().filter(|fault| self.has(**fault));
        f.debug_list()
            .entries(had.map(|fault| fault.about().name))
            .finish()
    }
}

/// The table of a program's faults: `Variant: "name", "RULE", "what the program then does";`. It
/// makes the enumeration `Fault`.
#[macro_export]
macro_rules! fault_table {
    ($($variant:ident: $name:literal, $rule:literal, $text:literal;)+) => {
        /// A way in which the program breaks one rule, when it is told to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fault {
            $(#[doc = $text] $variant,)+
        }

        impl $crate::faults::Fault for Fault {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn about(self) -> $crate::faults::About {
                let (name, rule, text) = match self {
                    $(Self::$variant => ($name, $rule, $text),)+
                };
                $crate::faults::About { name, rule, text }
            }

            fn place(self) -> usize {
                self as usize
            }
        }

        const _: () = assert!(
            <Fault as $crate::faults::Fault>::ALL.len() <= $crate::faults::MOST,
            "more faults than the table of a program can have"
        );
    };
}
pub use fault_table as table;

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "rules:\n  A-1:\n    side: server\n  A-2: { side: client }\n";

    fn about(name: &'static str, rule: &'static str) -> About {
        let text = "";
        About { name, rule, text }
    }

    #[test]
    fn faults_that_can_be_told_apart() {
        let table = [about("one", "A-1"), about("one-more", "A-2")];
        assert_eq!(check(&table, &[about("other", "A-1")], RULES), Ok(()));
    }

    #[test]
    fn faults_that_cannot_be_used() {
        for (table, told) in [
            (
                [about("one", "A-1"), about("one", "A-2")],
                "one is there twice",
            ),
            (
                [about("one", "A-1"), about("other", "A-1")],
                "other is there twice",
            ),
            (
                [about("one", "A-1"), about("Two", "A-1")],
                "Two has other letters",
            ),
            (
                [about("one", "A-1"), about("two", "A-11")],
                "two breaks A-11",
            ),
        ] {
            let problem = check(&table, &[about("other", "A-1")], RULES).unwrap_err();
            assert!(problem.starts_with(told), "{problem}");
        }
    }
}
