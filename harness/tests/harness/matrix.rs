//! `harness matrix`: several implementations in one table.

use std::path::Path;

use crate::peer::{Fault, faulty};
use crate::program::{repository, run_once, run_with, tests_folder};

fn talk() -> String {
    tests_folder().join("protocols/talk").display().to_string()
}

/// A matrix in a folder of its own.
fn write(folder: &Path, text: &str) -> String {
    let path = folder.join("matrix.yaml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn implementations_stand_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let (page, table) = (folder.path().join("pages"), folder.path().join("table.md"));
    let ended = run_with(|| {
        let good = faulty(Fault::None);
        let bad = faulty(Fault::SharesNames);
        let file = write(
            folder.path(),
            &format!(
                "scenarios: {}\nimplementations:\n  \
                 - {{ name: one that is right, protocol: talk, target: '{}' }}\n  \
                 - {{ name: one that is <wrong>, protocol: talk, target: '{}' }}\n",
                talk(),
                good.target(),
                bad.target()
            ),
        );
        let words = [
            "matrix".to_owned(),
            file,
            "--filter".to_owned(),
            "entering".to_owned(),
            "--report".to_owned(),
            format!("html={}", page.display()),
            "--report".to_owned(),
            format!("md={}", table.display()),
        ];
        ((good, bad), words.to_vec())
    })
    .expect(1);
    let ended = ended
        .says("talk, servers")
        .says("one that is right: conforms");
    let row = ended
        .stdout
        .lines()
        .find(|line| line.trim_start().starts_with("T-2 "));
    let cells: Vec<&str> = row.unwrap().split_whitespace().collect();
    assert_eq!(
        cells,
        ["T-2", "must", "ok", "FAIL", "1"],
        "{}",
        ended.stdout
    );
    let markdown = std::fs::read_to_string(table).unwrap();
    assert!(
        markdown.contains("| T-2 | must | ok | FAIL 1 |"),
        "{markdown}"
    );
    let html = std::fs::read_to_string(page.join("index.html")).unwrap();
    assert!(!html.contains("<wrong>"), "{html}");
    for link in html.split("href=\"").skip(1) {
        let link = link.split('"').next().unwrap();
        let file = link.split('#').next().unwrap();
        assert!(page.join(file).is_file(), "{link}");
    }
}

#[test]
fn one_that_cannot_be_reached_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "scenarios: {}\nimplementations:\n  \
         - {{ name: nobody, protocol: talk, target: '127.0.0.1:9' }}\n",
        talk()
    );
    let file = write(folder.path(), &text);
    run_once(&["matrix", &file, "-f", "welcomed"])
        .expect(3)
        .says("not judged in full");
    let wrong = text.replace("127.0.0.1:9", "127.0.0.1:0");
    let file = write(folder.path(), &wrong);
    run_once(&["matrix", &file])
        .expect(2)
        .says("could not be run");
}

#[test]
fn mistakes_in_a_matrix_are_told_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(
        folder.path(),
        "implementations:\n  - { name: a, protocol: talk, spawm: x }\n",
    );
    run_once(&["matrix", &file])
        .expect(2)
        .complains("did you mean `spawn`?");
    run_once(&["matrix", "no/such.yaml"])
        .expect(2)
        .complains("cannot be read");
    let file = write(
        folder.path(),
        "implementations:\n  - { name: a, protocol: talk, embedded: server }\n",
    );
    run_once(&["matrix", &file, "--report", "junit=x"])
        .expect(2)
        .complains("html=FOLDER or md=FILE");
}

/// Every implementation of it can be found; that they conform is a matter of longer runs.
#[test]
fn the_matrix_of_this_repository_can_be_used() {
    let file = repository().join("scenarios/matrix.yaml");
    run_once(&[
        "matrix",
        file.to_str().unwrap(),
        "-f",
        "no scenario has this title",
    ])
    .expect(3)
    .complains("nothing is selected")
    .says("could not be run");
    for program in [
        "bcp/client.py",
        "chatapp/ChatApp.py",
        "chatbooth/main.py",
        "csc328/client.py",
        "wireproto/chatClient.py",
    ] {
        assert!(
            repository().join("python").join(program).is_file(),
            "{program}"
        );
        assert!(
            std::fs::read_to_string(&file).unwrap().contains(program),
            "{program}"
        );
    }
}
