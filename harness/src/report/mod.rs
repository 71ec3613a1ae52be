//! Reports: what a run found, for people and for programs.
//!
//! Reports listen to [`RunEvent`]s; they know transcripts and verdicts and nothing of how these
//! came about. What they show is data first ([`Rendered`]); colours are put on when it is written.

pub mod compare;
mod context;
pub mod document;
pub mod failure;
pub mod html;
pub mod list;
pub mod matrix;
pub mod proof;
pub mod record;
mod safe;
#[cfg(test)]
pub(crate) mod sample;
mod styled;
mod summary;
mod terminal;
mod words;

use std::io;

pub use context::{ColorFlag, Context, Detail, Surroundings, Verbosity, detail};
pub use failure::Rerun;
pub use safe::safe;
pub use styled::{Line, Rendered, Role};
pub use terminal::Terminal;

use crate::event::{Reporter, RunEvent};

/// Several reports that do not disturb each other.
#[derive(Default)]
pub struct Reporters {
    list: Vec<(String, Box<dyn Reporter>)>,
    failed: Vec<(String, io::Error)>,
}

impl Reporters {
    /// Adds a report; the name is for messages: `terminal`, `junit=out.xml`.
    pub fn add(&mut self, name: impl Into<String>, reporter: impl Reporter + 'static) {
        self.list.push((name.into(), Box::new(reporter)));
    }

    /// Tells every report. One that cannot be written is dropped, the others go on.
    pub fn event(&mut self, event: &RunEvent<'_>) {
        let failed = &mut self.failed;
        self.list
            .retain_mut(|(name, reporter)| match reporter.event(event) {
                Ok(()) => true,
                Err(error) => {
                    failed.push((std::mem::take(name), error));
                    false
                }
            });
    }

    /// The reports that were dropped, and why. A reader that went away
    /// ([`io::ErrorKind::BrokenPipe`]) is among them.
    pub fn failed(&self) -> &[(String, io::Error)] {
        &self.failed
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    struct Counting(Rc<Cell<usize>>, usize);

    impl Reporter for Counting {
        fn event(&mut self, _: &RunEvent<'_>) -> io::Result<()> {
            self.0.set(self.0.get() + 1);
            if self.0.get() >= self.1 {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            Ok(())
        }
    }

    #[test]
    fn a_report_that_breaks_does_not_lose_the_others() {
        let (bad, good) = (Rc::default(), Rc::default());
        let mut reporters = Reporters::default();
        reporters.add("bad", Counting(Rc::clone(&bad), 2));
        reporters.add("good", Counting(Rc::clone(&good), 100));
        for _ in 0..5 {
            reporters.event(&RunEvent::Note { text: "x" });
        }
        assert_eq!((bad.get(), good.get()), (2, 5));
        assert_eq!(reporters.failed().len(), 1);
        assert_eq!(reporters.failed()[0].0, "bad");
    }
}
