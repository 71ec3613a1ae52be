//! The record as one page for a browser: it needs nothing but itself, and nothing in it comes from a
//! peer but as data.
//!
//! The page holds the record as JSON in which `<` cannot stand, and its script shows what it finds
//! there as text. Its Content-Security-Policy lets nothing run but that script, and nothing be
//! fetched. A scenario is opened by its id behind `#`, an event of it by `:NUMBER` behind that.

mod plain;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::record::{self, Conformance, RunRecord, Writer, replace};

/// The name of the page in its folder.
pub const PAGE: &str = "index.html";

const TEMPLATE: &str = include_str!("page.html");

const STYLE: &str = include_str!("style.css");

/// The parts of the script in the order in which they need each other.
const SCRIPT: &[&str] = &[
    include_str!("base.js"),
    include_str!("bytes.js"),
    include_str!("diagram.js"),
    include_str!("list.js"),
    include_str!("overview.js"),
    include_str!("scenario.js"),
    include_str!("app.js"),
];

/// Writes the page into a folder.
#[derive(Debug)]
pub struct Html {
    page: PathBuf,
}

impl Html {
    /// The folder that gets the page.
    pub fn new(folder: &Path) -> Self {
        Self {
            page: folder.join(PAGE),
        }
    }

    /// The file that is written.
    pub fn page(&self) -> &Path {
        &self.page
    }
}

impl Writer for Html {
    fn write(&mut self, record: &RunRecord) -> io::Result<()> {
        replace(&self.page, |out| write(record, out))
    }
}

/// Writes the page.
pub fn write(record: &RunRecord, out: &mut dyn Write) -> io::Result<()> {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let (color, mark) = icon(record);
    let mut rest = TEMPLATE;
    while let Some((before, (name, after))) = rest
        .split_once('@')
        .and_then(|(before, rest)| Some((before, rest.split_once('@')?)))
    {
        out.write_all(before.as_bytes())?;
        match name {
            "nonce" => out.write_all(nonce.as_bytes())?,
            "version" => out.write_all(plain::escaped(&record.harness).as_bytes())?,
            "title" => out.write_all(plain::escaped(&title(record)).as_bytes())?,
            "icon" => out.write_all(color.as_bytes())?,
            "mark" => out.write_all(mark.as_bytes())?,
            "style" => out.write_all(STYLE.as_bytes())?,
            "plain" => plain::write(record, out)?,
            "record" => record::write(record, &mut *out)?,
            "script" => {
                for part in SCRIPT {
                    out.write_all(part.as_bytes())?;
                }
            }
            _ => {}
        }
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

fn title(record: &RunRecord) -> String {
    let protocols: Vec<&str> = record
        .protocols
        .iter()
        .map(|each| each.name.as_str())
        .collect();
    format!(
        "Conformance of {} ({})",
        record.target,
        protocols.join(", ")
    )
}

/// Colour and mark of the icon, so that tabs can be told apart.
fn icon(record: &RunRecord) -> (&'static str, &'static str) {
    match record.conformance(true) {
        Conformance::DoesNotConform => ("%23b3202f", "M5 5l6 6M11 5l-6 6"),
        Conformance::NotJudged => ("%236a45a8", "M8 4v5M8 12v.01"),
        Conformance::Conforms => ("%2317744a", "M4 8.5l3 3 5-6.5"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{closed, joined, outcome, recorded, wrong_field};
    use crate::verdict::Verdict;

    fn page(record: &RunRecord) -> String {
        let mut out = Vec::new();
        write(record, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_of_a_peer_becomes_markup() {
        let hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u{1b}[2J\u{202e}@nonce@";
        let mut found = wrong_field("a", hostile);
        found.findings[0].problem = hostile.to_owned();
        found.scenario.title = hostile.to_owned();
        let mut record = recorded(&[found, outcome(Verdict::Pass, Vec::new(), joined())]);
        record.target = hostile.to_owned();
        let hostile = page(&record);
        let harmless = page(&recorded(&[wrong_field("a", "b"), closed()]));
        for tag in ["<script", "</script", "<img", "<meta", "</style"] {
            let count = |page: &str| page.matches(tag).count();
            assert_eq!(count(&hostile), count(&harmless), "{tag}");
        }
        assert!(!hostile.contains(['\u{1b}', '\u{202e}']));
        // The marks of the template are replaced in the template only.
        assert!(hostile.contains("@nonce@"));
        assert!(hostile.contains("&lt;/script&gt;&lt;script&gt;alert(1)"));
    }

    #[test]
    fn the_page_needs_nothing_but_itself() {
        let page = page(&recorded(&[wrong_field("a", "b")]));
        for name in [
            "nonce", "version", "title", "icon", "mark", "style", "plain", "record", "script",
        ] {
            assert!(TEMPLATE.contains(&format!("@{name}@")), "{name}");
            assert!(!page.contains(&format!("@{name}@")), "{name}");
        }
        assert!(page.contains("default-src 'none'"));
        for reference in [
            "src=",
            "url(",
            "@import",
            "fetch(",
            "innerHTML",
            "outerHTML",
            "eval(",
        ] {
            assert!(!page.contains(reference), "{reference}");
        }
        let elsewhere = page.matches("://").count();
        let names = page.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(elsewhere, names);
    }

    #[test]
    fn the_record_comes_back_from_the_page() {
        let record = recorded(&[wrong_field("a", "</script>"), closed()]);
        let page = page(&record);
        let start = "<script type=\"application/json\" id=\"record\">";
        let from = page.find(start).unwrap() + start.len();
        let length = page[from..].find("</script>").unwrap();
        let back = record::read(&page.as_bytes()[from..from + length]).unwrap();
        assert_eq!(back, record);
    }

    #[test]
    fn what_is_wrong_is_there_without_a_script() {
        let mut out = Vec::new();
        plain::write(&recorded(&[wrong_field("a", "b"), closed()]), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
