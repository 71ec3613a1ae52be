use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::protocol::Chosen;
use super::scenario::Dialects;
use super::{ProtocolPlan, ScenarioPlan, Suite, protocol, scenario};
use crate::scenario::{Scenario, SubjectWord};
use crate::source::{Diagnostic, Diagnostics, Node, Span, closest, documents, read_file};
use crate::verdict::Rules;
use crate::wire::{Codec, merge_dialect};

/// What the user selected.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Only these protocols, when given.
    pub protocols: Vec<String>,
    /// This dialect; else each protocol's own.
    pub dialect: Option<String>,
    /// Values of parameters.
    pub params: Vec<(String, String)>,
}

/// The file that makes a folder a protocol's folder.
const PROTOCOL_FILE: &str = "protocol.yaml";

/// What the protocol file itself describes, when it does not name that.
const DEFAULT_DIALECT: &str = "spec";

/// The most files that are read.
const MAX_FILES: usize = 20_000;

/// Reads and resolves everything that is selected. What is wrong is in `diagnostics`; suites are
/// complete only when it has no errors.
pub fn load(selection: &Selection, diagnostics: &mut Diagnostics) -> Vec<Suite> {
    let found = find_all(selection, diagnostics);
    check_dialect(selection, &found, diagnostics);
    let mut suites = Vec::new();
    let mut known_params: Vec<Arc<str>> = Vec::new();
    for found in found {
        if let Some(suite) = found.load(selection, diagnostics) {
            known_params.extend(suite.protocol.params.keys().cloned());
            suites.push(suite);
        }
    }
    if !suites.is_empty() {
        check_params(&selection.params, &known_params, diagnostics);
    }
    suites
}

/// A protocol in one dialect, without its scenarios.
#[derive(Debug)]
pub struct Described {
    /// As written, the dialect merged into it.
    pub written: crate::protocol::Protocol,
    /// With every name resolved.
    pub plan: ProtocolPlan,
    /// The same where a client program is judged, if the file says how.
    pub for_clients: Option<ProtocolPlan>,
    /// The names of all its dialects, that of the protocol file itself last.
    pub dialects: Vec<String>,
}

impl Described {
    /// The protocol as a scenario needs it; complains when its file does not say how clients are
    /// judged.
    fn side_of(
        &self,
        scenario: &Scenario,
        diagnostics: &mut Diagnostics,
    ) -> Option<(&crate::protocol::Protocol, &ProtocolPlan)> {
        if scenario.subject == SubjectWord::Server {
            return Some((&self.written, &self.plan));
        }
        let client = self
            .written
            .client
            .as_deref()
            .zip(self.for_clients.as_ref());
        if client.is_none() {
            let message = "this protocol's file does not say how clients are judged";
            diagnostics.add(
                Diagnostic::error(message)
                    .at(&scenario.title_span, "judges a client")
                    .help("`client: { crash: RULE, broken: RULE }` in protocol.yaml says it"),
            );
        }
        client
    }
}

/// Reads the selected protocols without their scenarios, each in all its dialects, that of the
/// protocol file itself first.
pub fn describe(selection: &Selection, diagnostics: &mut Diagnostics) -> Vec<Vec<Described>> {
    let mut protocols = Vec::new();
    for found in find_all(selection, diagnostics) {
        let mut selection = Selection {
            dialect: None,
            ..selection.clone()
        };
        let Some(own) = found.protocol(&selection, diagnostics) else {
            continue;
        };
        let mut forms = vec![own];
        for dialect in found.dialects() {
            selection.dialect = Some(dialect);
            forms.extend(found.protocol(&selection, diagnostics));
        }
        protocols.push(forms);
    }
    protocols
}

/// A protocol's folder and the scenario files selected in it.
struct Found {
    folder: PathBuf,
    files: Vec<PathBuf>,
}

impl Found {
    fn name(&self) -> String {
        let name = self.folder.file_name();
        name.map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    fn dialects(&self) -> Vec<String> {
        let mut names: Vec<String> = yaml_files(&self.folder.join("dialects"))
            .iter()
            .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
            .collect();
        names.sort();
        names
    }

    fn load(self, selection: &Selection, diagnostics: &mut Diagnostics) -> Option<Suite> {
        let read = self.protocol(selection, diagnostics)?;
        let scenarios = self.scenarios(&read, diagnostics);
        Some(Suite {
            protocol: Arc::new(read.plan),
            for_clients: read.for_clients.map(Arc::new),
            scenarios,
        })
    }

    /// Reads everything but the scenarios.
    fn protocol(&self, selection: &Selection, diagnostics: &mut Diagnostics) -> Option<Described> {
        let mut root = single_document(&self.folder.join(PROTOCOL_FILE), diagnostics)?;
        let own = root
            .get("dialect")
            .and_then(Node::text)
            .unwrap_or(DEFAULT_DIALECT)
            .to_owned();
        let mut all = self.dialects();
        let chosen = selection
            .dialect
            .clone()
            .filter(|name| *name != own && all.contains(name));
        let mut own_codec = None;
        if let Some(name) = &chosen {
            let path = self.folder.join("dialects").join(format!("{name}.yaml"));
            let dialect = single_document(&path, diagnostics)?;
            own_codec = Codec::compile(&root, &mut Diagnostics::default());
            root = merge_dialect(&root, &dialect, diagnostics);
        }
        all.push(own.clone());
        let rules = single_document(&self.folder.join("rules.yaml"), diagnostics)?;
        let before = diagnostics.len();
        let rules = Rules::read(&rules, diagnostics);
        let rules_are_whole = diagnostics.len() == before;
        let written = crate::protocol::read(&root, diagnostics);
        let codec = Codec::compile(&root, diagnostics);
        let (written, codec) = (written?, codec?);
        if !rules_are_whole {
            // Whatever names one of the others would be called unknown.
            return None;
        }
        let default_dialect = chosen.is_none();
        let dialect = chosen.unwrap_or(own);
        let codec = Arc::new(codec);
        let own_codec = own_codec.map(Arc::new);
        let resolve = |written: &crate::protocol::Protocol, subject, diagnostics: &mut _| {
            let picked = Chosen {
                dialect: &dialect,
                default_dialect,
                params: &selection.params,
                subject,
            };
            let (codec, rules) = (Arc::clone(&codec), rules.clone());
            let plan =
                protocol::resolve(written, &self.folder, codec, rules, &picked, diagnostics)?;
            let own_codec = own_codec.clone();
            Some(ProtocolPlan { own_codec, ..plan })
        };
        let plan = resolve(&written, SubjectWord::Server, diagnostics)?;
        let for_clients = match &written.client {
            None => None,
            Some(client) => Some(resolve(client, SubjectWord::Client, diagnostics)?),
        };
        Some(Described {
            written,
            plan,
            for_clients,
            dialects: all,
        })
    }

    fn scenarios(&self, read: &Described, diagnostics: &mut Diagnostics) -> Vec<Arc<ScenarioPlan>> {
        let dialects = Dialects {
            chosen: &read.plan.dialect,
            all: &read.dialects,
        };
        let mut plans = Vec::new();
        let mut titles: Vec<(String, Span)> = Vec::new();
        for path in &self.files {
            let Some(file) = read_file(path, diagnostics) else {
                continue;
            };
            let before = diagnostics.len();
            let nodes = documents(&file, diagnostics);
            if nodes.iter().all(Node::is_null) && diagnostics.len() == before {
                let message = format!("{}: holds no scenario", path.display());
                diagnostics.add(Diagnostic::error(message));
            }
            for node in nodes.iter().filter(|node| !node.is_null()) {
                let Some(scenario) = Scenario::read(node, diagnostics) else {
                    continue;
                };
                check_title(&scenario, &mut titles, diagnostics);
                let area = area(&self.folder, path, &scenario, diagnostics);
                let Some((written, plan)) = read.side_of(&scenario, diagnostics) else {
                    continue;
                };
                let resolved =
                    scenario::resolve(&scenario, &area, written, plan, &dialects, diagnostics);
                plans.extend(resolved.into_iter().map(Arc::new));
            }
        }
        plans
    }
}

fn find_all(selection: &Selection, diagnostics: &mut Diagnostics) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for path in &selection.paths {
        find(path, &mut found, diagnostics);
    }
    if !selection.protocols.is_empty() {
        filter_protocols(&selection.protocols, &mut found, diagnostics);
    }
    found
}

fn check_title(
    scenario: &Scenario,
    titles: &mut Vec<(String, Span)>,
    diagnostics: &mut Diagnostics,
) {
    if let Some((_, first)) = titles.iter().find(|(title, _)| *title == scenario.title) {
        diagnostics.add(
            Diagnostic::error(format!("two scenarios are called `{}`", scenario.title))
                .at(&scenario.title_span, "again here")
                .related(first, "first here")
                .help("titles name scenarios in filters and snapshots"),
        );
    }
    titles.push((scenario.title.clone(), scenario.title_span.clone()));
}

/// The folder below `server/` or `client/`; complains when the scenario judges the other side.
fn area(folder: &Path, path: &Path, scenario: &Scenario, diagnostics: &mut Diagnostics) -> String {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    let mut parts: Vec<String> = relative
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let side = if parts.is_empty() {
        String::new()
    } else {
        parts.remove(0)
    };
    let subject = match scenario.subject {
        SubjectWord::Server => "server",
        SubjectWord::Client => "client",
    };
    if side != subject {
        diagnostics.add(
            Diagnostic::error(format!("a scenario for a {subject} stands below `{side}/`"))
                .at(&scenario.title_span, format!("judges a {subject}"))
                .help(format!(
                    "move the file below `{subject}/` or change `subject`"
                )),
        );
    }
    if scenario.subject == SubjectWord::Client {
        parts.insert(0, subject.to_owned());
    }
    parts.join("/")
}

fn single_document(path: &Path, diagnostics: &mut Diagnostics) -> Option<Node> {
    let file = read_file(path, diagnostics)?;
    let before = diagnostics.len();
    let mut nodes = documents(&file, diagnostics);
    if nodes.len() != 1 {
        if diagnostics.len() == before {
            let message = format!(
                "{}: one document expected, {} found",
                path.display(),
                nodes.len()
            );
            diagnostics.add(Diagnostic::error(message));
        }
        return None;
    }
    nodes.pop()
}

/// Finds the protocol folders that a path selects: itself, below it, or around it.
fn find(path: &Path, found: &mut Vec<Found>, diagnostics: &mut Diagnostics) {
    if !path.exists() {
        diagnostics.add(
            Diagnostic::error(format!("{}: no such file or folder", path.display()))
                .help("name a scenario file or a folder such as scenarios/"),
        );
        return;
    }
    if path.is_dir() && path.join(PROTOCOL_FILE).is_file() {
        add(path, scenario_files(path), found);
        return;
    }
    if let Some(folder) = enclosing(path) {
        let files = if path.is_dir() {
            files_below(path)
        } else {
            vec![path.to_owned()]
        };
        if files.is_empty() {
            let message = format!("{}: no scenario files (*.yaml) here", path.display());
            diagnostics.add(Diagnostic::error(message));
        }
        add(&folder, files, found);
        return;
    }
    let mut folders: Vec<PathBuf> = subfolders(path);
    folders.retain(|folder| folder.join(PROTOCOL_FILE).is_file());
    if folders.is_empty() {
        diagnostics.add(
            Diagnostic::error(format!("{}: no protocol here", path.display())).help(
                "a protocol's folder holds protocol.yaml and rules.yaml, and scenarios below server/",
            ),
        );
    }
    for folder in folders {
        let files = scenario_files(&folder);
        add(&folder, files, found);
    }
}

fn add(folder: &Path, files: Vec<PathBuf>, found: &mut Vec<Found>) {
    let same = |other: &Path| match (other.canonicalize(), folder.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => other == folder,
    };
    match found.iter_mut().find(|known| same(&known.folder)) {
        Some(known) => {
            for file in files {
                if !known.files.contains(&file) {
                    known.files.push(file);
                }
            }
            known.files.sort();
        }
        None => found.push(Found {
            folder: folder.to_owned(),
            files,
        }),
    }
}

/// The protocol folder that a file or folder stands in.
fn enclosing(path: &Path) -> Option<PathBuf> {
    let direct = path
        .ancestors()
        .skip(1)
        .find(|folder| !folder.as_os_str().is_empty() && folder.join(PROTOCOL_FILE).is_file());
    if let Some(folder) = direct {
        return Some(folder.to_owned());
    }
    let full = path.canonicalize().ok()?;
    let folder = full
        .ancestors()
        .skip(1)
        .find(|folder| folder.join(PROTOCOL_FILE).is_file())?;
    Some(folder.to_owned())
}

fn scenario_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = files_below(&folder.join("server"));
    files.extend(files_below(&folder.join("client")));
    files
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = yaml_files(folder);
    for folder in subfolders(folder) {
        if files.len() < MAX_FILES {
            files.extend(files_below(&folder));
        }
    }
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = entries(folder);
    files.retain(|path| {
        path.is_file()
            && path
                .extension()
                .is_some_and(|ending| ending == "yaml" || ending == "yml")
    });
    files
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let mut folders = entries(folder);
    folders.retain(|path| path.is_dir() && !path.is_symlink());
    folders
}

fn filter_protocols(wanted: &[String], found: &mut Vec<Found>, diagnostics: &mut Diagnostics) {
    let names: Vec<String> = found.iter().map(Found::name).collect();
    for name in wanted.iter().filter(|name| !names.contains(name)) {
        let help = match closest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", names.join(", ")),
        };
        let message = format!("no protocol `{name}` in the given paths");
        diagnostics.add(Diagnostic::error(message).help(help));
    }
    found.retain(|found| wanted.contains(&found.name()));
}

fn check_dialect(selection: &Selection, found: &[Found], diagnostics: &mut Diagnostics) {
    let Some(name) = &selection.dialect else {
        return;
    };
    let mut known: Vec<String> = Vec::new();
    for found in found {
        known.extend(found.dialects());
        let mut ignored = Diagnostics::default();
        let root = single_document(&found.folder.join(PROTOCOL_FILE), &mut ignored);
        let own = root
            .as_ref()
            .and_then(|root| root.get("dialect"))
            .and_then(Node::text);
        known.push(own.unwrap_or(DEFAULT_DIALECT).to_owned());
    }
    if !known.contains(name) {
        let message = format!("no dialect `{name}`");
        let help = format!("there are: {}", known.join(", "));
        diagnostics.add(Diagnostic::error(message).help(help));
    }
}

fn check_params(given: &[(String, String)], known: &[Arc<str>], diagnostics: &mut Diagnostics) {
    for (name, _) in given {
        if !known.iter().any(|param| **param == **name) {
            let names: Vec<&str> = known.iter().map(|param| &**param).collect();
            let message = format!("no parameter `{name}`");
            let help = format!("there are: {}", names.join(", "));
            diagnostics.add(Diagnostic::error(message).help(help));
        }
    }
}
