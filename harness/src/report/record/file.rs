//! Writing a report so that nobody ever sees half of one.

use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Where a report goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sink {
    /// To a file, at once and as a whole; straight into what is no file, such as a pipe.
    File(PathBuf),
    /// To standard output.
    Stdout,
}

impl Sink {
    /// Writes a report.
    pub fn put(&self, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                content(&mut stdout)?;
                stdout.flush()
            }
            Self::File(path) if is_special(path) => {
                let mut out = std::fs::OpenOptions::new().write(true).open(path)?;
                content(&mut out)
            }
            Self::File(path) => replace(path, content),
        }
    }

    /// Makes sure, before anything runs, that a report can be written there.
    ///
    /// # Errors
    /// The reason why it cannot.
    pub fn check(&self) -> io::Result<()> {
        match self {
            Self::File(path) if !is_special(path) => check_place(path),
            _ => Ok(()),
        }
    }
}

/// Whether there is a pipe, a terminal or the like, which nothing can be put in the place of.
fn is_special(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Puts a file in the place of what was there, at once and only when it was written to its end.
/// Folders that are missing are made.
pub fn replace(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".report-")
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    let mut buffered = BufWriter::with_capacity(1 << 16, file.as_file_mut());
    content(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes sure, before anything runs, that a report can be written to this file.
///
/// # Errors
/// The reason why it cannot.
pub fn check_place(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let folder = folder_of(path);
    std::fs::create_dir_all(folder)?;
    tempfile::tempfile_in(folder).map(drop)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_there_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/report.json");
        check_place(&path).unwrap();
        replace(&path, |out| out.write_all(b"first")).unwrap();
        let broken = replace(&path, |out| {
            out.write_all(b"second")?;
            Err(io::ErrorKind::BrokenPipe.into())
        });
        assert!(broken.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1);
        assert!(check_place(folder.path()).is_err());
        assert!(check_place(&path.join("below-a-file")).is_err());
    }
}
