use std::io::Write as _;

use super::Exit;
use super::arguments::{DocsArgs, Part};
use crate::language::{Language, markdown};

/// `harness docs`.
pub(super) fn docs(arguments: &DocsArgs) -> Exit {
    let languages = match arguments.part {
        Some(Part::Scenarios) => vec![Language::Scenarios],
        Some(Part::Wire) => vec![Language::Wire],
        Some(Part::Rules) => vec![Language::Rules],
        Some(Part::Expected) => vec![Language::Expected],
        Some(Part::Matrix) => vec![Language::Matrix],
        None => Language::ALL.to_vec(),
    };
    let texts: Vec<String> = languages.into_iter().map(markdown).collect();
    // A closed pipe (`| less`) is no error.
    let _ = std::io::stdout()
        .lock()
        .write_all(texts.join("\n").as_bytes());
    Exit::Conforms
}
