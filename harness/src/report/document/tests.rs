use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{TextKind, markdown};
use crate::report::record::{ComplaintRecord, RunRecord, read, write};
use crate::report::sample::{all_verdicts, recorded};
use crate::transcript::Transcript;
use crate::verdict::Verdict;

fn hostile() -> RunRecord {
    let mut record = recorded(&all_verdicts());
    record.target = crate::report::sample::hostile();
    record.complaints = vec![ComplaintRecord {
        message: "this entry counted until 2020-01-01: <b>".to_owned(),
        place: None,
        help: Some("take it out".to_owned()),
    }];
    record
}

/// What an element may have, by the schema of Jenkins (xunit-plugin, junit-10.xsd).
struct Form {
    attributes: &'static [&'static str],
    required: &'static [&'static str],
    children: &'static [&'static str],
    text: bool,
}

fn form(element: &str) -> Form {
    let result = Form {
        attributes: &["type", "message"],
        required: &[],
        children: &[],
        text: true,
    };
    match element {
        "testsuites" => Form {
            attributes: &["name", "time", "tests", "failures", "errors"],
            required: &[],
            children: &["testsuite"],
            text: false,
        },
        "testsuite" => Form {
            attributes: &[
                "name",
                "tests",
                "failures",
                "errors",
                "group",
                "time",
                "skipped",
                "timestamp",
                "hostname",
                "id",
                "package",
                "file",
                "log",
                "url",
            ],
            required: &["name", "tests", "failures", "errors"],
            children: &[
                "testsuite",
                "properties",
                "testcase",
                "system-out",
                "system-err",
            ],
            text: false,
        },
        "properties" => Form {
            attributes: &[],
            required: &[],
            children: &["property"],
            text: false,
        },
        "property" => Form {
            attributes: &["name", "value"],
            required: &["name", "value"],
            children: &[],
            text: false,
        },
        "testcase" => Form {
            attributes: &["name", "time", "classname", "group"],
            required: &["name"],
            children: &["skipped", "error", "failure", "system-out", "system-err"],
            text: false,
        },
        "skipped" | "error" | "failure" => result,
        "system-out" | "system-err" => Form {
            attributes: &[],
            ..result
        },
        other => panic!("no element {other}"),
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    cases: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

fn attributes(element: &BytesStart<'_>) -> BTreeMap<String, String> {
    let attributes = element.attributes().map(|attribute| {
        let attribute = attribute.unwrap();
        let name = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
        let value = String::from_utf8(attribute.value.to_vec()).unwrap();
        (
            name,
            quick_xml::escape::unescape(&value).unwrap().into_owned(),
        )
    });
    attributes.collect()
}

fn is_time(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, part)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits(whole) && digits(part)
    })
}

/// Holds a document against the schema and gives what is in it.
fn valid(xml: &str) -> Counts {
    for c in xml.chars() {
        let allowed = matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            || c > '\u{ffff}';
        assert!(allowed, "{c:?} is no character of XML");
    }
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<String> = Vec::new();
    let mut counts = Counts::default();
    loop {
        let event = reader.read_event().unwrap();
        match event {
            Event::Start(ref element) | Event::Empty(ref element) => {
                let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
                match open.last() {
                    Some(parent) => assert!(form(parent).children.contains(&&*name), "{name}"),
                    None => assert_eq!(name, "testsuites"),
                }
                let found = attributes(element);
                let form = form(&name);
                for key in found.keys() {
                    assert!(form.attributes.contains(&&**key), "{name} has no {key}");
                }
                for key in form.required {
                    assert!(found.contains_key(*key), "{name} needs {key}");
                }
                let time = found.get("time");
                assert!(time.is_none_or(|time| is_time(time)), "{time:?}");
                match name.as_str() {
                    "testcase" => counts.cases += 1,
                    "failure" => counts.failures += 1,
                    "error" => counts.errors += 1,
                    "skipped" => counts.skipped += 1,
                    _ => {}
                }
                if matches!(event, Event::Start(_)) {
                    open.push(name);
                }
            }
            Event::End(_) => drop(open.pop().unwrap()),
            Event::Text(text) => {
                let text = String::from_utf8(text.to_vec()).unwrap();
                let here = open.last().map_or("", String::as_str);
                let may = !here.is_empty() && form(here).text;
                assert!(may || text.trim().is_empty(), "{here}: {text}");
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
    counts
}

#[test]
fn junit_tells_failures_errors_and_skips_apart() {
    let record = hostile();
    let xml = TextKind::Junit.text(&record).unwrap();
    let counts = valid(&xml);
    let wanted = Counts {
        cases: 9,
        // Two broken rules, an unexpected pass, and a complaint.
        failures: 4,
        errors: 1,
        // One skipped, and one failed as expected.
        skipped: 2,
    };
    assert_eq!(counts, wanted, "{}", &xml[..4_000]);
    let mut totals = attributes_of_root(&xml);
    assert_eq!(totals.remove("tests").as_deref(), Some("9"));
    assert_eq!(totals.remove("failures").as_deref(), Some("4"));
    assert_eq!(totals.remove("errors").as_deref(), Some("1"));
    assert!(
        xml.contains("scenarios/bcp/server/acknowledgement/held.yaml:9:10"),
        "{xml}"
    );
    assert!(xml.contains("type=\"BCP-6\""));
    assert!(xml.contains("name=\"bcp/acknowledgement\""));
}

fn attributes_of_root(xml: &str) -> BTreeMap<String, String> {
    let mut reader = Reader::from_str(xml);
    loop {
        if let Event::Start(element) = reader.read_event().unwrap() {
            return attributes(&element);
        }
    }
}

#[test]
fn what_peers_send_does_nothing_in_any_form() {
    let record = hostile();
    for kind in [TextKind::Junit, TextKind::Markdown, TextKind::Tap] {
        let text = kind.text(&record).unwrap();
        let controls = text
            .chars()
            .filter(|c| c.is_control() && *c != '\n')
            .count();
        assert_eq!(controls, 0, "{kind:?}");
        for nasty in ["\u{202e}", "\u{2028}", "\u{feff}", "\u{fffe}"] {
            assert!(!text.contains(nasty), "{kind:?} {nasty:?}");
        }
        assert!(text.len() < 300_000, "{kind:?}: {} bytes", text.len());
    }
    let xml = TextKind::Junit.text(&record).unwrap();
    assert!(!xml.contains("<script>") && !xml.contains("<img"));
}

/// Markdown without its blocks of code, and with the entities that stand for one character taken
/// out: what is left is markup or plain text.
fn markup(text: &str) -> String {
    let mut left = String::new();
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                left.push_str(line);
                left.push('\n');
            }
            Some(open) if ticks.len() >= open.len() && line.len() == ticks.len() => fence = None,
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "a block of code has no end");
    regex::Regex::new("&#[0-9]+;")
        .unwrap()
        .replace_all(&left, "")
        .into_owned()
}

#[test]
fn markdown_fits_a_comment_and_says_what_fails() {
    let text = TextKind::Markdown.text(&hostile()).unwrap();
    assert!(
        text.chars().count() <= markdown::MAX_CHARS,
        "{}",
        text.len()
    );
    assert!(
        text.starts_with("### Conformance: 1 passed, 1 with warnings, 2 failed"),
        "{text}"
    );
    let markup = markup(&text);
    let tags = regex::Regex::new("<[^>]*>").unwrap();
    for tag in tags.find_iter(&markup) {
        let known = [
            "<details>",
            "</details>",
            "<summary>",
            "</summary>",
            "<code>",
            "</code>",
        ];
        assert!(known.contains(&tag.as_str()), "{}", tag.as_str());
    }
    for nasty in ["@", "http:", "](", "`"] {
        assert!(!markup.contains(nasty), "{nasty} in {markup}");
    }
    for tag in ["details", "summary", "code"] {
        let opened = markup.matches(&format!("<{tag}>")).count();
        assert_eq!(
            opened,
            markup.matches(&format!("</{tag}>")).count(),
            "{tag}"
        );
    }
    assert!(text.contains("<summary>FAIL: "));
}

#[test]
fn a_thousand_failures_still_fit_a_comment() {
    let one = all_verdicts().swap_remove(0);
    let outcomes: Vec<_> = (0..1_000)
        .map(|number| {
            let mut outcome = one.clone();
            outcome.scenario.title = format!("{number} {}", "*".repeat(300));
            outcome.scenario.area = format!("area-{number}");
            outcome.findings.truncate(1);
            outcome.findings[0].received = None;
            outcome.findings[0].bytes = None;
            outcome.findings[0].fields.clear();
            outcome.transcript = Transcript::default();
            outcome
        })
        .collect();
    let text = TextKind::Markdown.text(&recorded(&outcomes)).unwrap();
    assert!(
        text.chars().count() <= markdown::MAX_CHARS,
        "{}",
        text.len()
    );
    assert!(text.contains("do not fit into a comment"));
}

#[test]
fn tap_has_a_point_for_each_scenario_and_no_others() {
    let record = hostile();
    let text = TextKind::Tap.text(&record).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    assert_eq!(lines.next(), Some("1..9"));
    let mut points = Vec::new();
    let mut block: Option<String> = None;
    for line in lines {
        match (&mut block, line) {
            (Some(yaml), "  ...") => {
                let value: serde_json::Value = serde_yaml::from_str(yaml).unwrap();
                assert!(value.get("message").is_some(), "{yaml}");
                block = None;
            }
            (Some(yaml), _) => {
                yaml.push_str(line.strip_prefix("  ").unwrap());
                yaml.push('\n');
            }
            (None, "  ---") => block = Some(String::new()),
            (None, _) if line.starts_with('#') => {}
            (None, _) => points.push(line),
        }
    }
    assert_eq!(points.len(), 9);
    let begins = |word: &str| points.iter().filter(|line| line.starts_with(word)).count();
    assert_eq!((begins("ok "), begins("not ok ")), (3, 6), "{points:?}");
    let directive = regex::Regex::new(r"[^\\]# (SKIP|TODO) ").unwrap();
    let directives = points.iter().filter(|line| directive.is_match(line));
    assert_eq!(directives.count(), 2, "{points:?}");
}

#[test]
fn an_interrupted_or_empty_run_is_told_as_such() {
    let mut cut_short = recorded(&[]);
    cut_short.interrupted = true;
    assert!(
        TextKind::Tap
            .text(&cut_short)
            .unwrap()
            .contains("Bail out!")
    );
    let markdown = TextKind::Markdown.text(&cut_short).unwrap();
    assert!(markdown.contains("nothing was judged") && markdown.contains("Interrupted"));
    assert_eq!(
        valid(&TextKind::Junit.text(&cut_short).unwrap()),
        Counts::default()
    );
}

#[test]
fn records_that_were_read_back_give_the_same_reports() {
    let record = hostile();
    let mut json = Vec::new();
    write(&record, &mut json).unwrap();
    let back = read(json.as_slice()).unwrap();
    for kind in [TextKind::Junit, TextKind::Markdown, TextKind::Tap] {
        assert_eq!(kind.text(&record).unwrap(), kind.text(&back).unwrap());
    }
}

#[test]
fn how_a_failure_looks_in_each_form() {
    let mut outcome = crate::report::sample::wrong_field("a", "b");
    outcome.scenario.title = "a text # with <marks>".to_owned();
    let passed = crate::report::sample::outcome(Verdict::Pass, Vec::new(), Transcript::default());
    let record = recorded(&[outcome, passed]);
    let mut text = String::new();
    for kind in [TextKind::Junit, TextKind::Markdown, TextKind::Tap] {
        text.push_str(&kind.text(&record).unwrap());
        text.push_str("\n==========\n");
    }
    let moment = record.started.trim_end_matches('Z');
    insta::assert_snapshot!(text.replace(moment, "MOMENT"));
}
