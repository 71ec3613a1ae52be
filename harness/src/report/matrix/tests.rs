use super::{Column, State, html, markdown, tables, text};
use crate::report::sample::{finding, hostile, outcome, recorded};
use crate::transcript::Transcript;
use crate::verdict::{Level, Verdict};

fn column(name: &str, scenarios: &[(&str, Verdict, &[&str])]) -> Column {
    let outcomes: Vec<_> = scenarios
        .iter()
        .map(|(title, verdict, rules)| {
            let found = |rule: &&str| finding(rule, Level::Must, "{ silence: 300ms }", "x");
            let findings = rules.iter().map(found).collect();
            let mut outcome = outcome(*verdict, findings, Transcript::default());
            outcome.scenario.title = (*title).to_owned();
            outcome
        })
        .collect();
    Column {
        name: name.to_owned(),
        slug: crate::slug::slug(name),
        record: Some(recorded(&outcomes)),
    }
}

fn columns() -> Vec<Column> {
    let none: &[&str] = &[];
    vec![
        column(
            "good",
            &[("a", Verdict::Pass, none), ("b", Verdict::Pass, none)],
        ),
        column(
            "bad <b>",
            &[
                ("a", Verdict::Fail, &["BCP-7"]),
                ("b", Verdict::Fail, &["BCP-10"]),
                ("c", Verdict::Fail, &["BCP-7", "BCP-10"]),
            ],
        ),
        column(
            "open",
            &[
                ("a", Verdict::Inconclusive, none),
                ("b", Verdict::Skip, none),
            ],
        ),
        Column {
            name: "absent".to_owned(),
            slug: "absent".to_owned(),
            record: None,
        },
    ]
}

#[test]
fn a_cell_says_how_a_rule_is_kept() {
    use State::{Broken, Kept, Undecided, Unknown};
    let columns = columns();
    let tables = tables(&columns);
    assert_eq!(tables.len(), 1);
    let states: Vec<Vec<(State, usize)>> = tables[0]
        .rows
        .iter()
        .map(|row| {
            row.cells
                .iter()
                .map(|cell| (cell.state, cell.count))
                .collect()
        })
        .collect();
    let seven = vec![(Kept, 2), (Broken, 2), (Undecided, 1)];
    let ten = vec![(Unknown, 0), (Broken, 2), (Unknown, 0)];
    assert_eq!(states, [seven, ten]);
}

#[test]
fn how_a_matrix_looks() {
    let columns = columns();
    insta::assert_snapshot!(format!("{}\n{}", text(&columns, false), markdown(&columns)));
}

#[test]
fn a_page_leads_to_what_it_says() {
    let mut columns = columns();
    columns[0].name = hostile();
    let page = html(&columns);
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"));
    let id = &columns[1].record.as_ref().unwrap().scenarios[0].id;
    let slug = &columns[1].slug;
    assert!(
        page.contains(&format!("href=\"{slug}/index.html#{id}\">FAIL 2</a>")),
        "{page}"
    );
    assert!(page.contains("#?rule=bcp/BCP-7"));
    assert!(page.contains("could not be run"));
}
