//! JUnit XML, in the form that Jenkins reads: suites by protocol and area, a failure where a rule is
//! broken, an error where nothing could be decided.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::explained;
use crate::report::record::{ComplaintRecord, RunRecord, ScenarioRecord};
use crate::report::safe::safe;
use crate::verdict::Verdict;

/// The suite of what fails the run beside its scenarios.
const COMPLAINTS: &str = "expected failures";

type Xml = Writer<Vec<u8>>;

/// What stands within a test case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Success,
    Failure,
    Error,
    Skipped,
}

impl Kind {
    fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass | Verdict::Warn => Self::Success,
            Verdict::Fail | Verdict::UnexpectedPass => Self::Failure,
            Verdict::Inconclusive => Self::Error,
            Verdict::Skip | Verdict::ExpectedFailure => Self::Skipped,
        }
    }

    fn element(self) -> &'static str {
        match self {
            Self::Success => "system-out",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }
}

/// The report as XML.
///
/// # Errors
/// None that the record can cause; the writer's are passed on.
pub(super) fn junit(record: &RunRecord) -> io::Result<String> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    let mut suites: Vec<(String, Vec<&ScenarioRecord>)> = Vec::new();
    for scenario in &record.scenarios {
        let name = explained::group(scenario);
        match suites.iter_mut().find(|(known, _)| *known == name) {
            Some((_, cases)) => cases.push(scenario),
            None => suites.push((name, vec![scenario])),
        }
    }
    let all: Vec<&ScenarioRecord> = record.scenarios.iter().collect();
    let complaints = record.complaints.len();
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut root = BytesStart::new("testsuites");
    root.push_attribute(("name", "harness"));
    root.push_attribute(("tests", &*(all.len() + complaints).to_string()));
    let failures = count(&all, Kind::Failure) + complaints;
    root.push_attribute(("failures", &*failures.to_string()));
    root.push_attribute(("errors", &*count(&all, Kind::Error).to_string()));
    root.push_attribute(("time", &*seconds(record.took_ms)));
    xml.write_event(Event::Start(root))?;
    for (name, cases) in &suites {
        suite(&mut xml, record, name, cases)?;
    }
    if complaints > 0 {
        list(&mut xml, &record.complaints)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut text = String::from_utf8(xml.into_inner()).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

fn count(cases: &[&ScenarioRecord], kind: Kind) -> usize {
    let of = |case: &&&ScenarioRecord| Kind::of(case.verdict) == kind;
    cases.iter().filter(of).count()
}

fn suite(
    xml: &mut Xml,
    record: &RunRecord,
    name: &str,
    cases: &[&ScenarioRecord],
) -> io::Result<()> {
    let took = cases.iter().map(|case| case.took_ms).sum();
    let mut suite = BytesStart::new("testsuite");
    suite.push_attribute(("name", &*safe(name)));
    suite.push_attribute(("tests", &*cases.len().to_string()));
    suite.push_attribute(("failures", &*count(cases, Kind::Failure).to_string()));
    suite.push_attribute(("errors", &*count(cases, Kind::Error).to_string()));
    suite.push_attribute(("skipped", &*count(cases, Kind::Skipped).to_string()));
    suite.push_attribute(("time", &*seconds(took)));
    suite.push_attribute(("timestamp", &*safe(record.started.trim_end_matches('Z'))));
    xml.write_event(Event::Start(suite))?;
    xml.write_event(Event::Start(BytesStart::new("properties")))?;
    let seed = record.seed.to_string();
    for (name, value) in [("target", &record.target), ("seed", &seed)] {
        let mut property = BytesStart::new("property");
        property.push_attribute(("name", name));
        property.push_attribute(("value", &*safe(value)));
        xml.write_event(Event::Empty(property))?;
    }
    xml.write_event(Event::End(BytesEnd::new("properties")))?;
    for case in cases {
        scenario(xml, record, case)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuite")))
}

fn scenario(xml: &mut Xml, record: &RunRecord, scenario: &ScenarioRecord) -> io::Result<()> {
    let mut case = BytesStart::new("testcase");
    case.push_attribute(("name", &*safe(&scenario.title)));
    let class = explained::group(scenario).replace('/', ".");
    case.push_attribute(("classname", &*safe(&class)));
    case.push_attribute(("time", &*seconds(scenario.took_ms)));
    let kind = Kind::of(scenario.verdict);
    let simply_passed = scenario.verdict == Verdict::Pass;
    if simply_passed {
        return xml.write_event(Event::Empty(case));
    }
    xml.write_event(Event::Start(case))?;
    let mut element = BytesStart::new(kind.element());
    if kind != Kind::Success {
        element.push_attribute(("message", &*explained::in_short(scenario)));
    }
    if let Some(kind) = kind_in_words(scenario) {
        element.push_attribute(("type", &*safe(kind)));
    }
    if scenario.verdict == Verdict::Skip {
        xml.write_event(Event::Empty(element))?;
    } else {
        let at = format!("{}:{}", safe(&scenario.file), scenario.line);
        let lines = explained::lines(record, scenario);
        let text = format!("{at}\n{}\n", lines.join("\n"));
        xml.write_event(Event::Start(element))?;
        xml.write_event(Event::Text(BytesText::new(&text)))?;
        xml.write_event(Event::End(BytesEnd::new(kind.element())))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testcase")))
}

/// The rule that is broken, or what else is the matter; warnings are output, which has no type.
fn kind_in_words(scenario: &ScenarioRecord) -> Option<&str> {
    match scenario.verdict {
        Verdict::Pass | Verdict::Warn => None,
        Verdict::Fail | Verdict::ExpectedFailure => scenario
            .findings
            .first()
            .map(|finding| finding.rule.as_str()),
        Verdict::UnexpectedPass => Some("passed unexpectedly"),
        Verdict::Inconclusive => Some("undecided"),
        Verdict::Skip => Some("skipped"),
    }
}

fn list(xml: &mut Xml, complaints: &[ComplaintRecord]) -> io::Result<()> {
    let mut suite = BytesStart::new("testsuite");
    let count = complaints.len().to_string();
    suite.push_attribute(("name", COMPLAINTS));
    suite.push_attribute(("tests", &*count));
    suite.push_attribute(("failures", &*count));
    suite.push_attribute(("errors", "0"));
    xml.write_event(Event::Start(suite))?;
    for complaint in complaints {
        let place = complaint.place.as_ref();
        let place = place.map(|place| format!("{}:{}", place.file, place.line));
        let place = place.unwrap_or_default();
        let mut case = BytesStart::new("testcase");
        case.push_attribute(("name", &*safe(&format!("{place}: {}", complaint.message))));
        case.push_attribute(("classname", COMPLAINTS));
        xml.write_event(Event::Start(case))?;
        let mut failure = BytesStart::new("failure");
        failure.push_attribute(("message", &*safe(&complaint.message)));
        failure.push_attribute(("type", COMPLAINTS));
        xml.write_event(Event::Start(failure))?;
        let help = complaint.help.as_deref().unwrap_or_default();
        let text = format!(
            "{}\n{}\n{}\n",
            safe(&place),
            safe(&complaint.message),
            safe(help)
        );
        xml.write_event(Event::Text(BytesText::new(&text)))?;
        xml.write_event(Event::End(BytesEnd::new("failure")))?;
        xml.write_event(Event::End(BytesEnd::new("testcase")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuite")))
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}
