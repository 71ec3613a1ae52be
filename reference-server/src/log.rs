//! What a server tells about itself, on a sink that can never hold it up.
//!
//! Events go to standard output or a file, the server's own errors to standard error. Each sink
//! has a thread of its own and a bounded queue in front of it: when nobody reads the pipe behind a
//! sink, lines are dropped and counted, and the serving goes on. When a sink is closed, the rest
//! is dropped.

use std::fmt::{self, Write as _};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The most bytes that wait for a sink.
const QUEUE_LIMIT: usize = 4 << 20;

/// The most bytes written at once.
const BATCH: usize = 64 << 10;

/// Where a server writes its events and its errors; cheap to clone.
#[derive(Debug, Clone)]
pub struct Log {
    events: Option<Arc<Sink>>,
    errors: Option<Arc<Sink>>,
}

impl Log {
    /// Drops everything.
    pub fn discard() -> Self {
        Self {
            events: None,
            errors: None,
        }
    }

    /// Events to standard output, errors to standard error.
    ///
    /// Fails when no thread can be started.
    pub fn stdout() -> io::Result<Self> {
        Self::to_writer(io::stdout())
    }

    /// Events to the end of a file, which is created when missing; errors to standard error.
    ///
    /// Fails when the file cannot be opened or no thread can be started.
    pub fn file(path: &Path) -> io::Result<Self> {
        Self::to_writer(OpenOptions::new().create(true).append(true).open(path)?)
    }

    /// Events to any writer, errors to standard error.
    ///
    /// Fails when no thread can be started.
    pub fn to_writer(writer: impl Write + Send + 'static) -> io::Result<Self> {
        let errors = Arc::new(Sink::start("errors", io::stderr(), None)?);
        let events = Arc::new(Sink::start("log", writer, Some(Arc::clone(&errors)))?);
        Ok(Self {
            events: Some(events),
            errors: Some(errors),
        })
    }

    /// Writes one line with the time in front; never waits.
    ///
    /// Control characters become escapes, so that no peer can forge a line or drive a terminal.
    pub fn event(&self, line: impl fmt::Display) {
        if let Some(sink) = &self.events {
            let now = timestamp(SystemTime::now());
            sink.push(format!("{now} {}\n", Escaped(&line.to_string())));
        }
    }

    /// Tells the operator about a problem of the server itself; never waits.
    pub fn error(&self, line: impl fmt::Display) {
        if let Some(sink) = &self.errors {
            sink.push(format!(
                "reference-server: {}\n",
                Escaped(&line.to_string())
            ));
        }
    }

    /// Waits until everything logged so far is written, or `patience` is over.
    pub fn flush(&self, patience: Duration) {
        for sink in [&self.events, &self.errors].into_iter().flatten() {
            sink.flush(patience / 2);
        }
    }
}

enum Entry {
    Line(String),
    Flush(Sender<()>),
}

/// A thread that writes lines, and the queue in front of it.
struct Sink {
    entries: Mutex<Sender<Entry>>,
    queued: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field("queued", &self.queued)
            .finish_non_exhaustive()
    }
}

impl Sink {
    /// Failures of the writer are told once to `complaints`.
    fn start(
        name: &str,
        writer: impl Write + Send + 'static,
        complaints: Option<Arc<Self>>,
    ) -> io::Result<Self> {
        let (entries, queue) = channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let dropped = Arc::new(AtomicU64::new(0));
        let mut worker = Worker {
            writer: Some(writer),
            queue,
            queued: Arc::clone(&queued),
            dropped: Arc::clone(&dropped),
            complaints,
        };
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || worker.work())?;
        Ok(Self {
            entries: Mutex::new(entries),
            queued,
            dropped,
        })
    }

    fn push(&self, line: String) {
        let len = line.len();
        if self
            .queued
            .fetch_add(len, Ordering::Relaxed)
            .saturating_add(len)
            > QUEUE_LIMIT
        {
            self.queued.fetch_sub(len, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.send(Entry::Line(line));
    }

    fn flush(&self, patience: Duration) {
        let (done, written) = channel();
        self.send(Entry::Flush(done));
        // Disconnected: the thread has nothing left to write. Timeout: nobody reads.
        let (Ok(()) | Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout)) =
            written.recv_timeout(patience);
    }

    fn send(&self, entry: Entry) {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // The thread lives as long as this sender; were it gone, there would be nowhere to write.
        let _ = entries.send(entry);
    }
}

struct Worker<W> {
    /// `None` once writing has failed.
    writer: Option<W>,
    queue: Receiver<Entry>,
    queued: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
    complaints: Option<Arc<Sink>>,
}

impl<W: Write> Worker<W> {
    fn work(&mut self) {
        while let Ok(first) = self.queue.recv() {
            let mut batch = String::new();
            let mut flushed = Vec::new();
            let mut next = Some(first);
            while let Some(entry) = next {
                match entry {
                    Entry::Line(line) => batch.push_str(&line),
                    Entry::Flush(done) => flushed.push(done),
                }
                let full = batch.len() >= BATCH;
                next = if full {
                    None
                } else {
                    self.queue.try_recv().ok()
                };
            }
            self.write(&batch);
            for done in flushed {
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
        }
    }

    fn write(&mut self, batch: &str) {
        let Some(writer) = &mut self.writer else {
            self.queued.fetch_sub(batch.len(), Ordering::Relaxed);
            return;
        };
        let lost = self.dropped.swap(0, Ordering::Relaxed);
        let mut text = match lost {
            0 => String::new(),
            _ => format!(
                "{} dropped {lost} lines, because the log is read too slowly\n",
                timestamp(SystemTime::now())
            ),
        };
        text.push_str(batch);
        let outcome = writer
            .write_all(text.as_bytes())
            .and_then(|()| writer.flush());
        self.queued.fetch_sub(batch.len(), Ordering::Relaxed);
        if let Err(error) = outcome {
            self.writer = None;
            if let Some(complaints) = &self.complaints {
                let complaint = "reference-server: the log cannot be written any more";
                complaints.push(format!("{complaint}: {error}\n"));
            }
        }
    }
}

/// Shows control characters and backslashes as escapes.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '\'' | '"' => f.write_char(char)?,
                _ => write!(f, "{}", char.escape_debug())?,
            }
        }
        Ok(())
    }
}

/// UTC with milliseconds as in RFC 3339.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil_date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let millis = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// UTC with seconds, such as `2026-11-20 10:38:48`.
pub(crate) fn plain_timestamp(time: SystemTime) -> String {
    let precise = timestamp(time).replace('T', " ");
    let (seconds, _) = precise.split_once('.').unwrap_or((&precise, ""));
    seconds.to_owned()
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Counts in years that begin in March, so that the leap day is the last of a year.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Hands each write to the test, and waits while the test does not take it.
    struct Pipe(mpsc::SyncSender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .send(bytes.to_vec())
                .map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn dates() {
        assert_eq!(timestamp(UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
        let time = UNIX_EPOCH + Duration::from_millis(951_827_696_789);
        assert_eq!(timestamp(time), "2000-02-29T12:34:56.789Z");
        assert_eq!(plain_timestamp(time), "2000-02-29 12:34:56");
        assert_eq!(civil_date(19_722), (2023, 12, 31));
        assert_eq!(civil_date(19_723), (2024, 1, 1));
        assert_eq!(civil_date(47_540), (2100, 2, 28));
        assert_eq!(civil_date(47_541), (2100, 3, 1));
    }

    #[test]
    fn lines_are_whole_and_escaped() {
        let (sender, written) = mpsc::sync_channel(8);
        let log = Log::to_writer(Pipe(sender)).unwrap();
        log.event("message eve: \x1b[2J\n\u{202e}it's \"é\" \\");
        let line = String::from_utf8(written.recv().unwrap()).unwrap();
        let (time, text) = line.split_once(' ').unwrap();
        assert!(time.ends_with('Z') && time.len() == 24, "{time}");
        assert_eq!(text, "message eve: \\u{1b}[2J\\n\\u{202e}it's \"é\" \\\\\n");
    }

    #[test]
    fn a_blocked_sink_drops_and_counts() {
        let (sender, written) = mpsc::sync_channel(0);
        let log = Log::to_writer(Pipe(sender)).unwrap();
        let kibibyte = "x".repeat(1 << 10);
        for _ in 0..5000 {
            log.event(&kibibyte);
        }
        log.flush(Duration::from_millis(20));
        let mut all = String::new();
        while !all.contains("dropped") {
            log.event("more");
            all.push_str(&String::from_utf8(written.recv().unwrap()).unwrap());
        }
        assert!(all.contains(" lines, because the log is read too slowly\n"));
    }

    #[test]
    fn a_closed_sink_is_harmless() {
        let (sender, written) = mpsc::sync_channel(0);
        drop(written);
        let log = Log::to_writer(Pipe(sender)).unwrap();
        for _ in 0..3 {
            log.event("nobody hears this");
            log.flush(Duration::from_secs(10));
        }
        Log::discard().event("neither this");
    }
}
