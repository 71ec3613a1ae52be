use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::SnapshotError;

/// The largest snapshot that is read, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// What stands above the text; keys of other programs are read over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// The file that the text comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    /// What the text is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expression: Option<String>,
}

/// A snapshot file: a header in YAML between two lines of dashes, then the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SnapshotFile {
    pub(super) header: Header,
    /// The text without line breaks at its end.
    pub(super) text: String,
}

impl SnapshotFile {
    pub(super) fn new(header: Header, text: &str) -> Self {
        Self {
            header,
            text: normalized(text),
        }
    }

    /// Reads what is in a file; the reason when it is no snapshot.
    fn parse(content: &str) -> Result<Self, String> {
        let content = content.replace("\r\n", "\n");
        let rest = content
            .strip_prefix("---\n")
            .ok_or("it does not begin with `---`")?;
        let (header, text) = match rest.strip_prefix("---\n") {
            Some(text) => ("{}", text),
            None => rest
                .split_once("\n---\n")
                .or_else(|| Some((rest.strip_suffix("\n---")?, "")))
                .ok_or("the header does not end with `---`")?,
        };
        let header = serde_yaml::from_str(header).map_err(|error| error.to_string())?;
        Ok(Self::new(header, text))
    }

    fn to_content(&self) -> Result<String, String> {
        let header = serde_yaml::to_string(&self.header).map_err(|error| error.to_string())?;
        Ok(format!("---\n{}\n---\n{}\n", header.trim_end(), self.text))
    }

    /// The snapshot in a file, or `None` when there is no such file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, SnapshotError> {
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(SnapshotError::file(path)(error)),
        };
        let mut content = String::new();
        let read = file.take(MAX_BYTES + 1).read_to_string(&mut content);
        read.map_err(SnapshotError::file(path))?;
        let parsed = if content.len() as u64 > MAX_BYTES {
            Err("it is too large".to_owned())
        } else {
            Self::parse(&content)
        };
        parsed
            .map(Some)
            .map_err(|reason| format_error(path, reason))
    }

    /// Writes a file; its folder is made where it is missing.
    pub(super) fn write(&self, path: &Path) -> Result<(), SnapshotError> {
        let content = self
            .to_content()
            .map_err(|reason| format_error(path, reason))?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(SnapshotError::file(folder))?;
        }
        std::fs::write(path, content).map_err(SnapshotError::file(path))
    }
}

fn format_error(path: &Path, reason: String) -> SnapshotError {
    SnapshotError::Format {
        path: path.to_owned(),
        reason,
    }
}

fn normalized(text: &str) -> String {
    text.replace("\r\n", "\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        for (source, text) in [
            (Some("a: \"b\" # c\n---\n"), "one\ntwo\n"),
            (None, ""),
            (Some("x"), "---\nlooks like a header\n---\n"),
            (Some("- no\n'"), "\n\nbegins with empty lines"),
        ] {
            let header = Header {
                source: source.map(str::to_owned),
                expression: Some("yes".to_owned()),
            };
            let written = SnapshotFile::new(header, text);
            let content = written.to_content().unwrap();
            assert_eq!(SnapshotFile::parse(&content), Ok(written), "{content}");
        }
    }

    #[test]
    fn files_of_insta_are_read() {
        let content = "---\nsource: src/x.rs\nassertion_line: 7\nexpression: f()\n\
                       snapshot_kind: text\n---\nline\n";
        let read = SnapshotFile::parse(content).unwrap();
        assert_eq!(read.header.source.as_deref(), Some("src/x.rs"));
        assert_eq!(read.text, "line");
        assert_eq!(SnapshotFile::parse("---\n---\nx\n").unwrap().text, "x");
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        for content in [
            "",
            "x",
            "---\n",
            "---\na: b\n",
            "---\n[\n---\nx",
            "---\nsource: [1]\n---\nx",
        ] {
            assert!(SnapshotFile::parse(content).is_err(), "{content:?}");
        }
    }
}
