//! Why a scenario does not go on.

/// Why a scenario does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// A rule was broken; the finding is written down.
    Failed,
    /// It cannot be decided, and why.
    Undecided(String),
    /// It does not apply here, as only showed when it ran, and why.
    NotHere(String),
    /// It cannot be decided because the harness itself was late; another attempt may decide it.
    Late(String),
    /// It has to begin anew: probes do not come back here, which has just shown, and what this
    /// attempt's probes left behind would be taken for something else.
    Again,
}

/// What a step leaves behind.
pub(super) type Done = Result<(), Stop>;

/// Something in the files that only showed when it ran.
pub(super) fn undecided(reason: impl std::fmt::Display) -> Stop {
    Stop::Undecided(reason.to_string())
}
