//! The HTML report in a browser, of runs against peers that break rules and against hostile ones.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use harness::report::record::{self, RunRecord, ScenarioRecord};
use harness::report::{html, record::OutputRecord};
use harness::verdict::Verdict;
use tempfile::TempDir;

use crate::chromium::{Browser, Seen, with_browser};
use crate::peer::{Fault, Listener, faulty, heard, status};
use crate::program::{run_with, tests_folder};

/// Of what acts in HTML, on terminals, and on the eyes.
const HOSTILE: &str = "</script><script>document.title='owned'</script>\
                       <img src=x onerror=document.title='owned'>\u{1b}[2J\u{9b}2J\u{202e}a\r\nb";

/// A folder with the page and the record of one run.
struct Reports {
    folder: TempDir,
}

impl Reports {
    /// Judges a peer by the scenarios in `protocols/talk`; it does not conform.
    fn of(peer: impl Fn() -> Listener) -> Self {
        let folder = TempDir::new().unwrap();
        let of_kind = |kind: &str, name: &str| {
            let path = folder.path().join(name);
            format!("--report={kind}={}", path.display())
        };
        let reports = [of_kind("html", "page"), of_kind("json", "run.json")];
        run_with(|| {
            let peer = peer();
            let words = ["run", "protocols/talk", "--target"];
            let mut words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            words.push(peer.target());
            words.extend(reports.clone());
            (peer, words)
        })
        .expect(1);
        Self { folder }
    }

    fn page(&self) -> PathBuf {
        self.folder.path().join("page").join(html::PAGE)
    }

    fn record(&self) -> RunRecord {
        let file = fs::File::open(self.folder.path().join("run.json")).unwrap();
        record::read(file).unwrap()
    }
}

/// Writes the page of a record.
fn write(record: &RunRecord, folder: &Path) -> PathBuf {
    let path = folder.join(html::PAGE);
    let mut file = BufWriter::new(fs::File::create(&path).unwrap());
    html::write(record, &mut file).unwrap();
    file.flush().unwrap();
    path
}

fn failed(record: &RunRecord) -> &ScenarioRecord {
    let mut all = record.scenarios.iter();
    all.find(|each| each.verdict == Verdict::Fail && each.findings[0].event.is_some())
        .unwrap()
}

/// Panics unless the page has kept quiet, and left its title alone.
#[track_caller]
fn is_quiet(browser: &mut Browser) -> Seen<()> {
    let complaints = browser.complaints()?;
    assert!(complaints.is_empty(), "{complaints:#?}");
    Ok(())
}

/// Panics unless axe finds nothing that keeps anybody from using what is shown.
#[track_caller]
fn is_accessible(browser: &mut Browser, what: &str) -> Seen<()> {
    let file = tests_folder().join("browser/node_modules/axe-core/axe.min.js");
    let Ok(axe) = fs::read_to_string(file) else {
        eprintln!("left out: accessibility of {what}: `npm ci` has not been run in tests/browser");
        return Ok(());
    };
    browser.evaluate(&format!("window.axe || (() => {{ {axe} }})(); 0"))?;
    let violations = browser.evaluate(
        "axe.run(document, { preload: false, resultTypes: ['violations'] }).then((found) => \
         found.violations.map((each) => each.id + ': ' + each.help + '\\n' + \
         each.nodes.slice(0, 5).map((node) => node.html + ' ' + node.failureSummary).join('\\n')))",
    )?;
    let violations = violations.as_array().cloned().unwrap_or_default();
    assert!(violations.is_empty(), "{what}: {violations:#?}");
    Ok(())
}

/// What is seen of a selector, as text.
fn text(browser: &mut Browser, selector: &str) -> Seen<String> {
    let all = format!(
        "[...document.querySelectorAll('{selector}')].map((each) => each.innerText).join('\\n')"
    );
    Ok(browser
        .evaluate(&all)?
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

fn click(browser: &mut Browser, selector: &str) -> Seen<()> {
    browser.evaluate(&format!("document.querySelector('{selector}').click()"))?;
    Ok(())
}

/// Rows of the list that are shown.
const SHOWN: &str = "[...document.querySelectorAll('#list .row')].filter((row) => \
                     row.closest('[hidden]') === null).length";

#[test]
fn a_fault_is_found_in_the_browser() {
    let reports = Reports::of(|| faulty(Fault::ChangedText));
    let record = reports.record();
    let scenario = failed(&record);
    with_browser("the page of a broken server", |browser| {
        browser.open(&reports.page(), "")?;
        the_overview_tells_what_is_wrong(browser, &record)?;
        the_list_is_filtered(browser, &record)?;
        a_link_leads_to_the_fault(browser, &reports.page(), scenario)?;
        keys_lead_everywhere(browser, &record)?;
        is_quiet(browser)
    });
}

fn the_overview_tells_what_is_wrong(browser: &mut Browser, record: &RunRecord) -> Seen<()> {
    assert_eq!(text(browser, "#result h2")?, "Does not conform");
    let broken = text(browser, "#result .card")?;
    for rule in &record.summary.broken {
        assert!(broken.contains(&rule.rule), "{broken}");
        let known = record.rule(&rule.protocol, &rule.rule).unwrap();
        assert!(broken.contains(&known.text), "{broken}");
    }
    assert_eq!(browser.evaluate(SHOWN)?, record.scenarios.len());
    Ok(())
}

fn the_list_is_filtered(browser: &mut Browser, record: &RunRecord) -> Seen<()> {
    let failures = record.summary.count(Verdict::Fail);
    assert!(failures < record.scenarios.len());
    click(browser, "#verdicts .fail")?;
    browser.wait_until(&format!("{SHOWN} === {failures}"))?;
    assert!(text(browser, "#shown")?.starts_with(&format!("{failures} of ")));
    let broken = &record.summary.broken[0].rule;
    let by_rule = format!(
        "{{ const rule = document.querySelector('#rule'); \
         rule.value = 'talk/{broken}'; rule.dispatchEvent(new Event('change')); }}"
    );
    browser.evaluate(&by_rule)?;
    browser.wait_until(&format!("{SHOWN} >= 1 && location.hash.includes('rule=')"))?;
    click(browser, "#clear")?;
    browser.wait_until(&format!("{SHOWN} === {}", record.scenarios.len()))?;
    browser.call(
        "Input.insertText",
        serde_json::json!({ "text": failed(record).id }),
    )?;
    browser.wait_until(&format!("{SHOWN} === 1"))?;
    click(browser, "#clear")
}

fn a_link_leads_to_the_fault(
    browser: &mut Browser,
    page: &Path,
    scenario: &ScenarioRecord,
) -> Seen<()> {
    let finding = &scenario.findings[0];
    let event = finding.event.unwrap();
    browser.open(page, &format!("#{}", scenario.id))?;
    assert_eq!(text(browser, "#result h2")?, scenario.title);
    let card = text(browser, "#result .finding")?;
    assert!(card.contains(&finding.problem), "{card}");
    for side in [&finding.expected, &finding.received] {
        assert!(
            side.as_ref().is_none_or(|side| card.contains(side)),
            "{card}"
        );
    }
    let marked = text(browser, ".steps button.bad")?;
    assert!(marked.contains(&finding.rule), "{marked}");
    assert!(text(browser, ".steps .missing")?.contains("expected instead"));
    let line = finding.used_at.as_ref().unwrap_or(&finding.step).line;
    assert!(text(browser, ".code .wrong")?.starts_with(&line.to_string()));
    let arrows = browser.evaluate("document.querySelectorAll('.drawing .head').length")?;
    assert!(arrows.as_u64().unwrap_or(0) > 3, "{arrows}");

    browser.open(page, &format!("#{}:{event}", scenario.id))?;
    let panel = text(browser, ".panel")?;
    assert!(panel.contains(&format!("Event {event}")), "{panel}");
    assert!(panel.contains("0000"), "{panel}");

    browser.open(page, "#no/such/scenario")?;
    assert!(text(browser, "[role=alert]")?.contains("no scenario no/such/scenario"));
    Ok(())
}

fn keys_lead_everywhere(browser: &mut Browser, record: &RunRecord) -> Seen<()> {
    // The address changes before the page does.
    let opens = |scenario: &ScenarioRecord| {
        let current = "document.querySelector('.row[aria-current]')";
        format!("{current}.getAttribute('href') === '#{}'", scenario.id)
    };
    browser.press("j")?;
    browser.wait_until(&opens(&record.scenarios[0]))?;
    browser.press("j")?;
    browser.wait_until(&opens(&record.scenarios[1]))?;
    browser.press("k")?;
    browser.wait_until(&opens(&record.scenarios[0]))?;
    browser.press("o")?;
    browser.wait_until("document.querySelector('.tiles') !== null")?;
    browser.press("n")?;
    let not_passed =
        |each: &&ScenarioRecord| !matches!(each.verdict, Verdict::Pass | Verdict::Skip);
    browser.wait_until(&opens(record.scenarios.iter().find(not_passed).unwrap()))?;
    browser.press("/")?;
    browser.wait_until("document.activeElement.id === 'search'")?;
    browser.press("j")?;
    browser.wait_until("document.querySelector('#search').value === 'j'")?;
    browser.press("Escape")?;
    browser.wait_until("document.activeElement.id !== 'search'")?;
    browser.press("?")?;
    browser.wait_until("document.querySelector('#help').open")
}

#[test]
fn everybody_can_use_the_page() {
    let reports = Reports::of(|| faulty(Fault::ChangedText));
    let record = reports.record();
    let scenario = failed(&record);
    let event = format!("#{}:{}", scenario.id, scenario.findings[0].event.unwrap());
    let passed = record
        .scenarios
        .iter()
        .find(|each| each.verdict == Verdict::Pass);
    let passed = format!("#{}", passed.unwrap().id);
    with_browser("accessibility of the page", |browser| {
        for scheme in ["light", "dark"] {
            browser.prefer(scheme)?;
            for (width, height) in [(1280, 900), (390, 844)] {
                browser.resize(width, height)?;
                for place in ["", "#?verdict=fail", event.as_str(), passed.as_str()] {
                    browser.open(&reports.page(), place)?;
                    let what = format!("`{place}` in {scheme} at {width} pixels");
                    is_accessible(browser, &what)?;
                    let wider = "document.documentElement.scrollWidth > innerWidth";
                    assert_eq!(browser.evaluate(wider)?, false, "{what}");
                }
            }
            click(browser, "#help-button")?;
            is_accessible(browser, &format!("the keys in {scheme}"))?;
        }
        is_quiet(browser)
    });
}

/// A server that lets everybody in and then says what is no message, or what would do harm.
fn hostile(mut stream: TcpStream) {
    let mut text = HOSTILE.repeat(300).into_bytes();
    text.extend(b"\xff\xfe\xc3");
    let said = [status(0), heard(HOSTILE.as_bytes(), &text), vec![0xff; 3]].concat();
    let _ = stream.write_all(&said);
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
}

/// Nothing of what a peer says has become an element or a title, and nothing of it acts on the eyes.
#[track_caller]
fn is_harmless(browser: &mut Browser) -> Seen<()> {
    is_quiet(browser)?;
    let foreign = "document.querySelectorAll('img, iframe, object, a[href^=javascript]').length + \
                   document.scripts.length - 2";
    assert_eq!(browser.evaluate(foreign)?, 0);
    let title = browser.evaluate("document.title")?;
    assert!(title.as_str().is_some_and(|title| title != "owned"));
    let acting = "/[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u202a-\\u202e]/\
                  .exec(document.querySelector('#app').textContent + document.title)";
    assert_eq!(browser.evaluate(acting)?, serde_json::Value::Null);
    Ok(())
}

#[test]
fn hostile_bytes_do_nothing_in_the_browser() {
    let reports = Reports::of(|| Listener::start(hostile));
    let record = reports.record();
    with_browser("the page of a hostile server", |browser| {
        browser.open(&reports.page(), "")?;
        is_harmless(browser)?;
        for scenario in &record.scenarios {
            browser.open(&reports.page(), &format!("#{}:3", scenario.id))?;
            is_harmless(browser)?;
        }
        browser.evaluate("document.querySelector('#search').focus()")?;
        browser.call(
            "Input.insertText",
            serde_json::json!({ "text": "<script>zqxjkvw" }),
        )?;
        browser.wait_until(&format!("{SHOWN} === 0"))?;
        is_harmless(browser)
    });
}

#[test]
fn hostile_records_do_nothing_in_the_browser() {
    let reports = Reports::of(|| faulty(Fault::ChangedText));
    let mut record = reports.record();
    let long = "<b>\u{202e}".repeat(250_000);
    record.target = HOSTILE.to_owned();
    record.notes.push(HOSTILE.to_owned());
    for scenario in &mut record.scenarios {
        spoil(scenario, &long);
    }
    let folder = TempDir::new().unwrap();
    let page = write(&record, folder.path());
    let bytes = fs::read(&page).unwrap();
    assert!(!bytes.contains(&0x1b) && !bytes.windows(2).any(|pair| pair == [0xc2, 0x9b]));
    let place = format!("#{}", failed(&record).id);
    with_browser("the page of a hostile record", |browser| {
        for place in ["", place.as_str()] {
            browser.open(&page, place)?;
            is_harmless(browser)?;
            assert!(text(browser, "#result")?.contains("onerror"));
        }
        Ok(())
    });
}

fn spoil(scenario: &mut ScenarioRecord, long: &str) {
    for text in [
        &mut scenario.title,
        &mut scenario.area,
        &mut scenario.file,
        &mut scenario.rerun,
        &mut scenario.source.text,
    ] {
        HOSTILE.clone_into(text);
    }
    scenario.reason = Some(HOSTILE.to_owned());
    for finding in &mut scenario.findings {
        HOSTILE.clone_into(&mut finding.problem);
        finding.expected = Some(HOSTILE.to_owned());
        HOSTILE.clone_into(&mut finding.step.text);
        finding.hints.push(HOSTILE.to_owned());
    }
    for event in &mut scenario.events {
        event.text = Some(HOSTILE.to_owned());
        for field in event
            .message
            .iter_mut()
            .flat_map(|message| &mut message.fields)
        {
            HOSTILE.clone_into(&mut field.name);
            HOSTILE.clone_into(&mut field.value);
        }
    }
    scenario.output.push(OutputRecord {
        number: scenario.events.len() + 1,
        at_us: 1,
        stderr: true,
        text: long.to_owned(),
    });
}

#[test]
fn many_scenarios_are_one_page() {
    const MANY: usize = 2_000;
    let reports = Reports::of(|| faulty(Fault::ChangedText));
    let mut record = reports.record();
    let few = std::mem::take(&mut record.scenarios);
    for (number, mut scenario) in few.into_iter().cycle().take(MANY).enumerate() {
        scenario.id = format!("{}~{number}", scenario.id);
        scenario.events.extend_from_within(..);
        let bytes = scenario
            .events
            .iter_mut()
            .flat_map(|event| &mut event.bytes);
        bytes.for_each(|bytes| bytes.segments.clear());
        record.scenarios.push(scenario);
    }
    record.summary = record::SummaryRecord::of(&record.scenarios);
    let folder = TempDir::new().unwrap();
    let began = std::time::Instant::now();
    let page = write(&record, folder.path());
    let (took, bytes) = (began.elapsed(), fs::metadata(&page).unwrap().len());
    with_browser("the page of many scenarios", |browser| {
        browser.open(&page, "")?;
        assert_eq!(browser.evaluate(SHOWN)?, MANY);
        let opened = browser.evaluate("document.documentElement.dataset.ready")?;
        eprintln!(
            "a page of {MANY} scenarios has {bytes} bytes, was written in {took:?} and there \
             after {opened} ms"
        );
        browser.evaluate("document.querySelector('#search').focus()")?;
        browser.call("Input.insertText", serde_json::json!({ "text": "zqxjkvw" }))?;
        browser.wait_until(&format!("{SHOWN} === 0"))?;
        is_quiet(browser)
    });
}
