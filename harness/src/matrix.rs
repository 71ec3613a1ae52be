//! The file that lists several implementations, to be judged in one go.

use std::path::{Path, PathBuf};

use crate::scenario::SubjectWord;
use crate::source::{Diagnostic, Diagnostics, Fields, Node, Span, documents, read_file};

/// The folder of the matrix file in its commands.
const HERE: &str = "{here}";

/// Several implementations.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    /// Where their scenarios are.
    pub scenarios: Vec<PathBuf>,
    /// In the order in which they are written.
    pub implementations: Vec<Implementation>,
}

/// One program that is judged.
#[derive(Debug, Clone)]
pub struct Implementation {
    /// What it is called; no two have the same name.
    pub name: String,
    /// The protocol that it speaks.
    pub protocol: String,
    /// The form in which it does, if not the protocol's own.
    pub dialect: Option<String>,
    /// Where it is.
    pub place: Place,
    /// The port that it always listens on, if it cannot be told one.
    pub port: Option<u16>,
    /// Its parameters.
    pub params: Vec<(String, String)>,
    /// The list of its failures that are known.
    pub expected: Option<PathBuf>,
    /// Where it stands in the file.
    pub span: Span,
}

/// How an implementation is found or started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A server that runs at this address.
    Target(String),
    /// A server that is started with this command.
    Spawn(String),
    /// A client that is started with this command.
    Client(String),
    /// The reference server or client that is built in.
    Embedded(SubjectWord),
}

impl Matrix {
    /// Reads a file. What is wrong with it is in `diagnostics`.
    pub fn read(path: &Path, diagnostics: &mut Diagnostics) -> Self {
        let Some(file) = read_file(path, diagnostics) else {
            return Self::default();
        };
        let roots = documents(&file, diagnostics);
        let [root] = roots.as_slice() else {
            if !diagnostics.has_errors() {
                let message = format!("{}: a matrix is one YAML document", path.display());
                diagnostics.add(Diagnostic::error(message));
            }
            return Self::default();
        };
        Self::of(root, diagnostics)
    }

    /// Reads its document.
    pub fn of(root: &Node, diagnostics: &mut Diagnostics) -> Self {
        let mut matrix = Self::default();
        let Some(fields) = Fields::of(root, "a matrix", diagnostics) else {
            return matrix;
        };
        let folder = root
            .span
            .file
            .path
            .parent()
            .unwrap_or(Path::new(""))
            .to_owned();
        for node in fields.list("scenarios") {
            match node.text() {
                Some(text) => matrix.scenarios.push(beside(&folder, text)),
                None => diagnostics.error(&node.span, "`scenarios` is a path", "no path"),
            }
        }
        if matrix.scenarios.is_empty() {
            matrix.scenarios.push(beside(&folder, "."));
        }
        let nodes = fields.require("implementations", diagnostics);
        fields.finish(diagnostics);
        let nodes = nodes.map_or(&[][..], |node| node.items().unwrap_or_default());
        for node in nodes {
            let Some(read) = implementation(node, &folder, diagnostics) else {
                continue;
            };
            let same = |known: &&Implementation| known.name == read.name;
            if let Some(known) = matrix.implementations.iter().find(same) {
                diagnostics.add(
                    Diagnostic::error(format!("two implementations are called `{}`", read.name))
                        .at(&read.span, "again here")
                        .related(&known.span, "first here"),
                );
            }
            matrix.implementations.push(read);
        }
        if matrix.implementations.is_empty() && !diagnostics.has_errors() {
            let message = "`implementations` is a list of at least one";
            diagnostics.error(&root.span, message, "nothing to judge");
        }
        matrix
    }
}

/// A path of the file, seen from where the program runs.
fn beside(folder: &Path, text: &str) -> PathBuf {
    match (text, folder.as_os_str().is_empty()) {
        (".", true) => PathBuf::from("."),
        (".", false) => folder.to_owned(),
        (_, true) => PathBuf::from(text),
        (_, false) => folder.join(text),
    }
}

fn implementation(
    node: &Node,
    folder: &Path,
    diagnostics: &mut Diagnostics,
) -> Option<Implementation> {
    let fields = Fields::of(node, "an implementation", diagnostics)?;
    let name = fields.require("name", diagnostics).and_then(Node::text);
    let protocol = fields.require("protocol", diagnostics).and_then(Node::text);
    let dialect = fields.text("dialect", diagnostics).map(str::to_owned);
    let place = place(&fields, folder, diagnostics);
    let port = fields.integer("port", diagnostics);
    let expected = fields.text("expected", diagnostics);
    let mut params = Vec::new();
    for entry in fields.map("params", diagnostics) {
        match entry.value.text() {
            Some(value) => params.push((entry.key.clone(), value.to_owned())),
            None => diagnostics.error(&entry.value.span, "a parameter is one value", "no value"),
        }
    }
    fields.finish(diagnostics);
    Some(Implementation {
        name: name?.to_owned(),
        protocol: protocol?.to_owned(),
        dialect,
        place: place?,
        port: port.and_then(|port| u16::try_from(port).ok()),
        params,
        expected: expected.map(|path| beside(folder, path)),
        span: node.span.clone(),
    })
}

/// Exactly one of the words that say where it is.
fn place(fields: &Fields<'_>, folder: &Path, diagnostics: &mut Diagnostics) -> Option<Place> {
    let here = beside(folder, ".").to_string_lossy().into_owned();
    let command = |text: &str| text.replace(HERE, &here);
    let target = fields.text("target", diagnostics);
    let spawn = fields.text("spawn", diagnostics);
    let client = fields.text("client", diagnostics);
    let embedded = fields.get("embedded").map(|node| match node.text() {
        Some("server") => Some(SubjectWord::Server),
        Some("client") => Some(SubjectWord::Client),
        _ => {
            diagnostics.error(&node.span, "`embedded` is `server` or `client`", "neither");
            None
        }
    });
    let found = [
        target.map(|text| Place::Target(text.to_owned())),
        spawn.map(|text| Place::Spawn(command(text))),
        client.map(|text| Place::Client(command(text))),
        embedded.flatten().map(Place::Embedded),
    ];
    let mut found: Vec<Place> = found.into_iter().flatten().collect();
    if found.len() != 1 {
        let message = "an implementation has one of `target`, `spawn`, `client` and `embedded`";
        let label = format!("has {}", found.len());
        diagnostics.add(
            Diagnostic::error(message)
                .at(fields.span(), label)
                .help("for example `spawn: ./my-server {port}`"),
        );
        return None;
    }
    found.pop()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::SourceFile;

    fn read(text: &str) -> (Matrix, String) {
        let file = Arc::new(SourceFile {
            path: "some/matrix.yaml".into(),
            text: text.to_owned(),
        });
        let mut diagnostics = Diagnostics::default();
        let roots = documents(&file, &mut diagnostics);
        let matrix = Matrix::of(&roots[0], &mut diagnostics);
        (matrix, diagnostics.to_plain_text())
    }

    #[test]
    fn paths_are_seen_from_the_file() {
        let (matrix, complaints) = read(
            "scenarios: ../scenarios\nimplementations:\n  \
             - { name: a, protocol: bcp, spawn: '{here}/server {port}', params: { x: 5s }, expected: k.yaml }\n  \
             - { name: b, protocol: bcp, embedded: client }\n",
        );
        assert_eq!(complaints, "");
        assert_eq!(matrix.scenarios, [PathBuf::from("some/../scenarios")]);
        let [a, b] = matrix.implementations.as_slice() else {
            panic!("two");
        };
        assert_eq!(a.place, Place::Spawn("some/server {port}".to_owned()));
        assert_eq!(a.params, [("x".to_owned(), "5s".to_owned())]);
        assert_eq!(a.expected, Some("some/k.yaml".into()));
        assert_eq!(b.place, Place::Embedded(SubjectWord::Client));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let one = |text: &str| format!("implementations:\n  - {{ {text} }}\n");
        for (text, said) in [
            ("implementations: []\n".to_owned(), "at least one"),
            ("scenarios: x\n".to_owned(), "needs `implementations`"),
            (one("protocol: bcp, embedded: server"), "needs `name`"),
            (one("name: a, embedded: server"), "needs `protocol`"),
            (one("name: a, protocol: bcp"), "one of `target`"),
            (
                one("name: a, protocol: bcp, embedded: peer"),
                "`server` or `client`",
            ),
            (
                one("name: a, protocol: bcp, target: '1', spawn: x"),
                "has 2",
            ),
            (
                one("name: a, protocol: bcp, target: '1', pert: 5"),
                "did you mean `port`?",
            ),
            (
                "implementations: [ { name: a, protocol: b, embedded: server }, \
                 { name: a, protocol: b, embedded: server } ]\n"
                    .to_owned(),
                "two implementations are called `a`",
            ),
        ] {
            let (_, complaints) = read(&text);
            assert!(complaints.contains(said), "{text}{complaints}");
            assert!(complaints.contains("some/matrix.yaml:"), "{complaints}");
        }
    }
}
