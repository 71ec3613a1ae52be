//! What the reports need to know about the place where they are shown, read once.

use std::io::IsTerminal as _;

use clap::ValueEnum;

use crate::verdict::Verdict;

/// Columns where nobody says how many there are.
const DEFAULT_WIDTH: usize = 100;

/// Narrower than this the tables make no sense; wider than that lines are hard to read.
const WIDTHS: std::ops::RangeInclusive<usize> = 50..=140;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorFlag {
    /// On a terminal that has them; `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE` count.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verbosity {
    /// One line for each failure and one for the counts.
    Quiet,
    /// What is wrong in full, and a summary.
    #[default]
    Normal,
    /// Also a line for each scenario that is fine.
    Verbose,
}

/// How much is told of one scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Nothing; it is counted.
    Nothing,
    /// One line.
    Line,
    /// Everything that helps to mend it.
    Full,
}

/// What the process was started with, as far as it matters for output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surroundings {
    /// Standard error is a terminal that can redraw a line.
    pub stderr_terminal: bool,
    /// What the environment says about colours on standard output.
    pub colors: bool,
    /// Columns of the terminal on standard output; `None` when it is none or does not tell.
    pub columns: Option<usize>,
    /// Run by a build service.
    pub ci: bool,
}

impl Surroundings {
    /// Asks the environment and the terminal.
    pub fn read() -> Self {
        let stdout = std::io::stdout();
        let columns = rustix::termios::tcgetwinsize(&stdout)
            .ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|columns| *columns > 0);
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            stderr_terminal: std::io::stderr().is_terminal() && !dumb,
            colors: anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
            columns,
            ci: std::env::var_os("CI").is_some(),
        }
    }
}

/// How to show things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// Use ANSI colours.
    pub colors: bool,
    /// Show on standard error how far the run is.
    pub progress: bool,
    /// Columns.
    pub width: usize,
    /// How much is told.
    pub verbosity: Verbosity,
}

impl Context {
    /// Decides it all from the flags and the surroundings.
    pub fn new(color: ColorFlag, verbosity: Verbosity, surroundings: &Surroundings) -> Self {
        Self {
            colors: colors(color, surroundings.colors),
            progress: progress(verbosity, surroundings),
            width: width(surroundings.columns),
            verbosity,
        }
    }
}

fn colors(flag: ColorFlag, environment: bool) -> bool {
    match flag {
        ColorFlag::Auto => environment,
        ColorFlag::Always => true,
        ColorFlag::Never => false,
    }
}

fn progress(verbosity: Verbosity, surroundings: &Surroundings) -> bool {
    verbosity != Verbosity::Quiet && surroundings.stderr_terminal && !surroundings.ci
}

fn width(columns: Option<usize>) -> usize {
    let columns = columns.unwrap_or(DEFAULT_WIDTH);
    columns.clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// How much is told of a scenario with this verdict.
pub fn detail(verbosity: Verbosity, verdict: Verdict) -> Detail {
    use Verdict::{ExpectedFailure, Fail, Inconclusive, Pass, Skip, UnexpectedPass, Warn};
    match (verbosity, verdict) {
        (Verbosity::Quiet, Fail | UnexpectedPass) => Detail::Line,
        (Verbosity::Quiet, _) | (Verbosity::Normal, Pass | Skip | ExpectedFailure) => {
            Detail::Nothing
        }
        (Verbosity::Verbose, Pass | Skip | ExpectedFailure) | (_, UnexpectedPass) => Detail::Line,
        (_, Fail | Warn | Inconclusive) => Detail::Full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERDICTS: [Verdict; 7] = [
        Verdict::Pass,
        Verdict::Warn,
        Verdict::Fail,
        Verdict::Inconclusive,
        Verdict::Skip,
        Verdict::ExpectedFailure,
        Verdict::UnexpectedPass,
    ];

    #[test]
    fn how_much_is_told_of_each_verdict() {
        use Detail::{Full, Line, Nothing};
        let of = |verbosity| VERDICTS.map(|verdict| detail(verbosity, verdict));
        //          pass     warn     fail  open     skip     xfail    xpass
        let quiet = [Nothing, Nothing, Line, Nothing, Nothing, Nothing, Line];
        let normal = [Nothing, Full, Full, Full, Nothing, Nothing, Line];
        let verbose = [Line, Full, Full, Full, Line, Line, Line];
        assert_eq!(of(Verbosity::Quiet), quiet);
        assert_eq!(of(Verbosity::Normal), normal);
        assert_eq!(of(Verbosity::Verbose), verbose);
    }

    #[test]
    fn a_flag_is_stronger_than_the_environment() {
        for environment in [false, true] {
            assert_eq!(colors(ColorFlag::Auto, environment), environment);
            assert!(colors(ColorFlag::Always, environment));
            assert!(!colors(ColorFlag::Never, environment));
        }
    }

    #[test]
    fn progress_only_where_somebody_watches() {
        for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
            for bits in 0..8_u8 {
                let surroundings = Surroundings {
                    stderr_terminal: bits & 2 > 0,
                    colors: bits & 1 > 0,
                    columns: None,
                    ci: bits & 4 > 0,
                };
                let wanted = verbosity != Verbosity::Quiet && bits & 6 == 2;
                assert_eq!(progress(verbosity, &surroundings), wanted, "{bits}");
            }
        }
    }

    #[test]
    fn the_width_is_the_terminals_within_reason() {
        assert_eq!(width(Some(80)), 80);
        assert_eq!(width(Some(5)), 50);
        assert_eq!(width(Some(500)), 140);
        assert_eq!(width(None), 100);
    }
}
