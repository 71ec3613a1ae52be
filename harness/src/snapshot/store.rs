use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::SnapshotError;
use super::file::{Header, SnapshotFile};
use crate::report::{Line, Rendered, Role};
use crate::slug::slug;
use crate::verdict::ScenarioId;

/// The folder of snapshots in that of a protocol.
const FOLDER: &str = "snapshots";

/// How deep folders are searched for snapshots.
const MAX_DEPTH: usize = 8;

/// Unchanged lines shown around a change.
const AROUND: usize = 3;

/// How long looking for a good difference may take.
const DIFF_TIME: Duration = Duration::from_secs(1);

/// The snapshots of one target, in `<protocol folder>/snapshots/<label>/`.
#[derive(Debug, Clone)]
pub struct Store {
    protocol: PathBuf,
    folder: PathBuf,
}

/// What a text is beside its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Same,
    /// There is no snapshot yet.
    New,
    /// Another text, and how it differs from the snapshot.
    Different(Rendered),
}

/// A text that waits for somebody to accept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    new: PathBuf,
    target: PathBuf,
}

impl Store {
    /// The snapshots of the target called `label`, below the folder of a protocol.
    pub fn new(protocol: &Path, label: &str) -> Result<Self, SnapshotError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if label.is_empty() || label.starts_with('.') || !label.chars().all(fits) {
            return Err(SnapshotError::Label(label.to_owned()));
        }
        Ok(Self {
            protocol: protocol.to_owned(),
            folder: protocol.join(FOLDER).join(label),
        })
    }

    /// The file of a scenario's snapshot.
    pub fn path(&self, id: &ScenarioId) -> PathBuf {
        let name = format!("{}__{}.snap", slug(&id.area), slug(&id.title));
        self.folder.join(name)
    }

    /// Compares a text with the scenario's snapshot; writes nothing.
    pub fn compare(&self, id: &ScenarioId, text: &str) -> Result<Comparison, SnapshotError> {
        let Some(known) = SnapshotFile::read(&self.path(id))? else {
            return Ok(Comparison::New);
        };
        let new = self.file(id, text);
        if known.text == new.text {
            return Ok(Comparison::Same);
        }
        Ok(Comparison::Different(difference(&known.text, &new.text)))
    }

    /// Keeps a text beside the scenario's snapshot until somebody accepts or rejects it.
    pub fn propose(&self, id: &ScenarioId, text: &str) -> Result<Pending, SnapshotError> {
        let pending = Pending::of(self.path(id));
        self.file(id, text).write(&pending.new)?;
        Ok(pending)
    }

    /// Removes what an earlier run proposed for a scenario, since it is the same again.
    pub fn withdraw(&self, id: &ScenarioId) -> Result<(), SnapshotError> {
        let pending = Pending::of(self.path(id));
        match std::fs::remove_file(&pending.new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(SnapshotError::file(&pending.new)(error))
            }
            _ => Ok(()),
        }
    }

    /// The snapshots that none of these scenarios uses, sorted. Pass every scenario that exists,
    /// whether it ran or not.
    pub fn unused<'a>(
        &self,
        scenarios: impl IntoIterator<Item = &'a ScenarioId>,
    ) -> Result<Vec<PathBuf>, SnapshotError> {
        let used: BTreeSet<PathBuf> = scenarios.into_iter().map(|id| self.path(id)).collect();
        let mut found = Vec::new();
        search(&self.folder, OsStr::new("snap"), MAX_DEPTH, &mut found)?;
        found.retain(|path| !used.contains(path));
        found.sort();
        Ok(found)
    }

    fn file(&self, id: &ScenarioId, text: &str) -> SnapshotFile {
        let path = &id.span.file.path;
        let source = path.strip_prefix(&self.protocol).unwrap_or(path);
        let header = Header {
            source: Some(source.to_string_lossy().into_owned()),
            expression: Some(id.title.clone()),
        };
        SnapshotFile::new(header, text)
    }
}

impl Pending {
    fn of(target: PathBuf) -> Self {
        let mut new = target.clone().into_os_string();
        new.push(".new");
        Self {
            new: new.into(),
            target,
        }
    }

    /// The snapshot that it would replace or become.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// What it is of, and how it differs from the snapshot; all of it where there is none.
    pub fn shown(&self) -> Result<Rendered, SnapshotError> {
        let new = self.read()?;
        let old = SnapshotFile::read(&self.target)?;
        let title = new.header.expression.unwrap_or_default();
        let source = new.header.source.unwrap_or_default();
        let state = if old.is_some() { "changed" } else { "new" };
        let mut rendered = Rendered::from_iter([
            Line::default()
                .add(Role::Heading, title)
                .add(Role::Caution, format!("  {state}")),
            Line::default()
                .add(Role::Place, self.target.to_string_lossy())
                .whole(),
            Line::default().add(Role::Place, source).whole(),
        ]);
        let old = old.map(|old| old.text).unwrap_or_default();
        rendered.section(difference(&old, &new.text));
        Ok(rendered)
    }

    /// Makes it the snapshot.
    pub fn accept(&self) -> Result<(), SnapshotError> {
        self.read()?.write(&self.target)?;
        self.reject()
    }

    /// Throws it away.
    pub fn reject(&self) -> Result<(), SnapshotError> {
        std::fs::remove_file(&self.new).map_err(SnapshotError::file(&self.new))
    }

    fn read(&self) -> Result<SnapshotFile, SnapshotError> {
        let gone = || SnapshotError::file(&self.new)(std::io::ErrorKind::NotFound.into());
        SnapshotFile::read(&self.new)?.ok_or_else(gone)
    }
}

/// Everything below a folder of scenarios that waits to be accepted, sorted.
pub fn pending(folder: &Path) -> Result<Vec<Pending>, SnapshotError> {
    let mut found = Vec::new();
    search(folder, OsStr::new("new"), MAX_DEPTH, &mut found)?;
    let mut list: Vec<Pending> = found
        .into_iter()
        .map(|new| new.with_extension(""))
        .filter(|target| target.extension() == Some(OsStr::new("snap")))
        .map(Pending::of)
        .collect();
    list.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(list)
}

/// Files with an extension in a folder and those below it; none where there is no such folder.
fn search(
    folder: &Path,
    extension: &OsStr,
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), SnapshotError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(SnapshotError::file(folder)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(SnapshotError::file(folder))?;
        let path = entry.path();
        // Links are not followed: they could lead back here.
        let kind = entry.file_type().map_err(SnapshotError::file(&path))?;
        if kind.is_dir() && depth > 0 {
            search(&path, extension, depth - 1, found)?;
        } else if kind.is_file() && path.extension() == Some(extension) {
            found.push(path);
        }
    }
    Ok(())
}

/// The changed lines with a few around them.
fn difference(old: &str, new: &str) -> Rendered {
    let diff = TextDiff::configure()
        .timeout(DIFF_TIME)
        .diff_lines(old, new);
    let mut rendered = Rendered::default();
    for (index, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            rendered.push(Line::default().add(Role::Faint, "  …"));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, role) = match change.tag() {
                ChangeTag::Delete => ("- ", Role::Bad),
                ChangeTag::Insert => ("+ ", Role::Good),
                ChangeTag::Equal => ("  ", Role::Plain),
            };
            let text = change.value().trim_end_matches('\n');
            rendered.push(Line::default().add(role, sign).hang_here().add(role, text));
        }
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::transcript::Transcript;
    use crate::verdict::Verdict;

    fn id(title: &str) -> ScenarioId {
        let mut id = sample::outcome(Verdict::Pass, Vec::new(), Transcript::default()).scenario;
        id.title = title.to_owned();
        id
    }

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path(), "reference").unwrap();
        (folder, store)
    }

    #[test]
    fn a_text_is_new_then_the_same_then_different() {
        let (folder, store) = store();
        let id = id("it is kept");
        assert_eq!(store.compare(&id, "one\n").unwrap(), Comparison::New);
        store.propose(&id, "one\n").unwrap();
        assert_eq!(store.compare(&id, "one\n").unwrap(), Comparison::New);
        let waiting = pending(folder.path()).unwrap();
        assert_eq!(waiting.len(), 1);
        assert!(waiting[0].shown().unwrap().to_text(false).contains("+ one"));
        waiting[0].accept().unwrap();
        assert_eq!(store.compare(&id, "one").unwrap(), Comparison::Same);
        let Comparison::Different(shown) = store.compare(&id, "one\ntwo\n").unwrap() else {
            panic!("the texts differ");
        };
        assert!(shown.to_text(false).contains("+ two"));
        assert_eq!(pending(folder.path()).unwrap(), []);
    }

    #[test]
    fn a_rejected_or_withdrawn_text_changes_nothing() {
        let (folder, store) = store();
        let id = id("it is kept");
        store.propose(&id, "one").unwrap().accept().unwrap();
        store.propose(&id, "two").unwrap().reject().unwrap();
        store.propose(&id, "three").unwrap();
        store.withdraw(&id).unwrap();
        store.withdraw(&id).unwrap();
        assert_eq!(store.compare(&id, "one").unwrap(), Comparison::Same);
        assert_eq!(pending(folder.path()).unwrap(), []);
    }

    #[test]
    fn snapshots_without_a_scenario_are_found() {
        let (_folder, store) = store();
        let (kept, gone) = (id("kept"), id("gone"));
        for id in [&kept, &gone] {
            store.propose(id, "x").unwrap().accept().unwrap();
        }
        store.propose(&kept, "y").unwrap();
        assert_eq!(store.unused([&kept]).unwrap(), [store.path(&gone)]);
        assert!(store.unused([&kept, &gone]).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_no_snapshot_is_told() {
        let (_folder, store) = store();
        let id = id("kept");
        store.propose(&id, "x").unwrap().accept().unwrap();
        for content in [&b"no snapshot"[..], b"---\n\xff\n"] {
            std::fs::write(store.path(&id), content).unwrap();
            let error = store.compare(&id, "x").unwrap_err();
            assert!(error.to_string().contains("acknowledgement__kept.snap: "));
        }
    }

    #[test]
    fn a_label_is_the_name_of_a_folder() {
        let folder = Path::new("scenarios/bcp");
        for label in ["", ".", "..", "a/b", "a b", ".hidden", "é"] {
            assert!(Store::new(folder, label).is_err(), "{label}");
        }
        for label in ["reference", "my-server_2.0"] {
            assert!(Store::new(folder, label).is_ok(), "{label}");
        }
    }

    #[test]
    fn insta_itself_reads_the_files() {
        let (_folder, store) = store();
        let id = id("it is kept, byte for byte");
        let text = "title\n\nalice\n  -> send message \"a: b\"\n";
        store.propose(&id, text).unwrap().accept().unwrap();
        let path = store.path(&id);
        let written = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        insta::with_settings!({
            snapshot_path => path.parent().unwrap(),
            prepend_module_to_snapshot => false,
        }, {
            insta::assert_snapshot!(name, text);
        });
        assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
    }
}
