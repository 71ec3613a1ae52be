use std::process::ExitCode;

use clap::error::ErrorKind;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything that was judged conforms.
    Conforms,
    /// 1: something does not conform, a snapshot differs, or a scenario passed that should not.
    DoesNotConform,
    /// 2: wrong flags or broken files.
    Usage,
    /// 3: nothing could be judged, or not everything and nothing else is wrong.
    NotJudged,
    /// 4: everything that was judged conforms, but something that was asked for could not be
    /// written.
    Incomplete,
    /// 130: interrupted by a signal.
    Interrupted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Conforms => 0,
            Self::DoesNotConform => 1,
            Self::Usage => 2,
            Self::NotJudged => 3,
            Self::Incomplete => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Shows what clap has to say: help on standard output, errors on standard error.
pub(super) fn of_usage(error: &clap::Error) -> Exit {
    // There is nobody to tell that nobody listens.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Conforms,
        _ => Exit::Usage,
    }
}
