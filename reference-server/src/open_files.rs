//! The limit of open files: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files that are wanted: 10,000 clients and some for the server itself.
pub(crate) const WANTED: u64 = 10_240;

/// Raises the soft limit to the hard one and returns the limit that holds now; `None` stands for
/// no limit.
pub(crate) fn raise_limit() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
    if raised.is_ok() { maximum } else { current }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_what_the_system_says_afterwards() {
        let limit = raise_limit();
        assert_eq!(getrlimit(Resource::Nofile).current, limit);
    }
}
