use std::io::Write as _;

use super::Exit;
use super::arguments::{CompareArgs, CompareFormat};
use super::merge::record;
use crate::report::compare::compare as side_by_side;

/// `harness compare`.
pub(super) fn compare(arguments: &CompareArgs) -> Exit {
    let (Some(old), Some(new)) = (record(&arguments.old), record(&arguments.new)) else {
        return Exit::Usage;
    };
    let comparison = side_by_side(&old, &new);
    let text = match arguments.format {
        CompareFormat::Text => comparison.text(),
        CompareFormat::Md => comparison.markdown(),
    };
    // A closed pipe (`| head`) is no error.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    if comparison.has_regressions() {
        Exit::DoesNotConform
    } else if comparison.is_conclusive() {
        Exit::Conforms
    } else {
        Exit::NotJudged
    }
}
