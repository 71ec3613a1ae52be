//! Steps about the program under test: signals, its end, its output.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::problem::Problem;
use super::program::{Printed, ProgramEvent, signal_named, status_words};
use super::stop::{Done, undecided};
use super::world::World;
use crate::matching::{Amount, Check, Expr, check_text};
use crate::plan::{ServerPlan, StepPlace, WindowPlan};
use crate::scenario::Stream;
use crate::transcript::What;
use crate::wire::Value;

/// The most of a log file that is read, in bytes from its end.
const MAX_LOG: u64 = 4 * 1024 * 1024;

/// How often a log file is looked at.
const LOG_BEAT: Duration = Duration::from_millis(20);

impl World {
    /// Writes down what the program did since the last look.
    pub(super) fn take_program_events(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(event) = self.subject.poll_event(cx) {
            let what = match event {
                ProgramEvent::Line(Printed { stderr, text, .. }) => What::Output { stderr, text },
                ProgramEvent::Begun(_) => continue,
                ProgramEvent::Exited(status) => What::Exited {
                    status: status_words(status),
                },
            };
            self.note(None, what);
        }
    }

    /// Runs a step about the program.
    pub(super) async fn server_step(&mut self, place: &Arc<StepPlace>, step: &ServerPlan) -> Done {
        match step {
            ServerPlan::Type { texts, lines, mark } => {
                self.type_in(texts, *lines)?;
                self.action_done(mark.as_ref());
                Ok(())
            }
            ServerPlan::CloseInput(mark) => {
                self.note(None, What::Note("its standard input ends".to_owned()));
                self.subject.close_input();
                self.action_done(mark.as_ref());
                Ok(())
            }
            ServerPlan::MayEnd => {
                self.subject.expect_end();
                Ok(())
            }
            ServerPlan::Signal(signal, mark) => {
                let value = signal.evaluate(&self.names(None)).map_err(undecided)?;
                let Some(Value::Text(name)) = value else {
                    return Err(undecided("a signal is named like SIGINT"));
                };
                let signal =
                    signal_named(&name).ok_or_else(|| undecided(format!("no signal `{name}`")))?;
                self.be_reached(place).await?;
                self.note(None, What::Signalled { signal: name });
                self.subject.signal(signal).map_err(undecided)?;
                self.action_done(mark.as_ref());
                Ok(())
            }
            ServerPlan::Kill => {
                self.note(
                    None,
                    What::Signalled {
                        signal: "SIGKILL".to_owned(),
                    },
                );
                self.subject.kill().await;
                self.last_action = Instant::now();
                Ok(())
            }
            ServerPlan::Restart => {
                self.subject.restart().await.map_err(undecided)?;
                if let Some(program) = self.subject.program() {
                    let command = program.command.shown();
                    self.note(None, What::Started { command });
                }
                self.last_action = Instant::now();
                Ok(())
            }
            ServerPlan::Exit { window, status } => {
                self.expect_exit(place, window, status.as_ref()).await
            }
            ServerPlan::Prints {
                stream,
                text,
                window,
                never,
            } => {
                self.expect_output(place, *stream, text, window, *never)
                    .await
            }
        }
    }

    /// A program that was just started may not handle signals yet: it does when it listens.
    async fn be_reached(&mut self, place: &Arc<StepPlace>) -> Done {
        let refused = self.scenario.actors.first().is_some_and(|a| a.refuses);
        if refused {
            return Ok(());
        }
        if self.subject.was_reached() || self.actors.is_empty() {
            return Ok(());
        }
        self.ensure_connected(0, place).await
    }

    /// Gives the program what a step says on its standard input.
    fn type_in(&mut self, texts: &[Expr], lines: bool) -> Done {
        let mut typed = Vec::new();
        for text in texts {
            match text.evaluate(&self.names(None)).map_err(undecided)? {
                Some(Value::Bytes(bytes)) => typed.extend(bytes),
                Some(Value::Text(text)) => typed.extend(text.into_bytes()),
                Some(other) => typed.extend(other.to_string().into_bytes()),
                None => {}
            }
            if lines {
                typed.push(b'\n');
            }
        }
        let text = String::from_utf8_lossy(&typed).into_owned();
        self.note(None, What::Typed(text));
        self.subject.type_in(typed).map_err(undecided)
    }

    fn moments(
        &self,
        window: &WindowPlan,
    ) -> Result<(Instant, Instant, Instant), super::stop::Stop> {
        let base = match &window.since {
            None => self.last_action,
            Some(mark) => self
                .moment(mark)
                .ok_or_else(|| undecided(format!("the mark `{mark}` was not set")))?,
        };
        let time = |quantity: &_| self.time(quantity).map_err(undecided);
        let earliest = base + window.after.as_ref().map_or(Ok(Duration::ZERO), time)?;
        let within = window
            .within
            .as_ref()
            .map_or(Ok(self.protocol.deadline), time)?;
        Ok((base, earliest, base + within))
    }

    async fn expect_exit(
        &mut self,
        place: &Arc<StepPlace>,
        window: &WindowPlan,
        status: Option<&Check>,
    ) -> Done {
        let (base, earliest, latest) = self.moments(window)?;
        if self.judges_client() {
            self.subject.expect_end();
        }
        let subject = self.protocol.subject_word();
        let exited = |world: &mut Self| world.subject.exit_status();
        let Some(found) = self.drive(latest, exited).await else {
            let within = since(base, latest);
            return self
                .told(
                    place,
                    &format!("the {subject} did not end"),
                    format!("its end within {within}"),
                    "it still runs",
                )
                .await;
        };
        let now = Instant::now();
        if now < earliest {
            let expected = format!("its end, not before {}", since(base, earliest));
            let received = format!("its end after {}", since(base, now));
            return self
                .told(
                    place,
                    &format!("the {subject} ended too early"),
                    expected,
                    &received,
                )
                .await;
        }
        let Some(check) = status else { return Ok(()) };
        let code = found.code().map(|code| Value::Int(i128::from(code)));
        let names = self.names(None);
        if !check.holds(code.as_ref(), &names).map_err(undecided)? {
            let expected = format!("exit status {}", check.describe(&names));
            let received = status_words(found);
            // The clock has nothing to do with it.
            let problem = Problem::Told {
                problem: format!("the {subject} ended with another status"),
                expected: Some(expected),
                received: Some(received),
                timed: false,
            };
            return self.fail_plainly(place, None, problem).await;
        }
        Ok(())
    }

    async fn told(
        &mut self,
        place: &Arc<StepPlace>,
        problem: &str,
        expected: String,
        received: &str,
    ) -> Done {
        let problem = Problem::Told {
            problem: problem.to_owned(),
            expected: Some(expected),
            received: Some(received.to_owned()),
            timed: true,
        };
        self.fail_plainly(place, None, problem).await
    }

    async fn expect_output(
        &mut self,
        place: &Arc<StepPlace>,
        stream: Stream,
        text: &Check,
        window: &WindowPlan,
        never: bool,
    ) -> Done {
        let (base, _, latest) = self.moments(window)?;
        let since = window.since.is_some().then_some(base);
        loop {
            let now = Instant::now();
            let found = match stream {
                Stream::Log => self.log_has(text)?,
                _ => self.has_printed(stream, text, since)?,
            };
            match (found, never) {
                (true, false) => return Ok(()),
                (true, true) => {
                    let expected = format!("no line with {}", text.describe(&self.names(None)));
                    let subject = self.protocol.subject_word();
                    let problem = format!("the {subject} printed what it must not");
                    return self.told(place, &problem, expected, "such a line").await;
                }
                (false, _) if now >= latest => break,
                (false, _) => {}
            }
            let beat = (now + LOG_BEAT).min(latest);
            let seen = self.transcript.len();
            let news = |world: &mut Self| (world.transcript.len() > seen).then_some(());
            self.drive(beat, news).await;
            self.go_on()?;
        }
        if never {
            return Ok(());
        }
        self.not_printed(place, text, (base, latest)).await
    }

    async fn not_printed(
        &mut self,
        place: &Arc<StepPlace>,
        text: &Check,
        (base, latest): (Instant, Instant),
    ) -> Done {
        let [out, err] = self.read_up_to;
        let lost = |program: &super::program::Program| {
            program.lost.load(Ordering::Relaxed) || program.dropped > out.max(err)
        };
        if self.subject.program().is_some_and(lost) {
            return Err(undecided("it prints more than can be looked at"));
        }
        if self.judges_client()
            && let Some(how) = self.subject.death()
        {
            return self.fail_plainly(place, None, Problem::Died { how }).await;
        }
        let expected = format!(
            "a line with {} within {}",
            text.describe(&self.names(None)),
            since(base, latest)
        );
        let subject = self.protocol.subject_word();
        let problem = format!("the {subject} did not print what it should");
        let silent = |program: &super::program::Program| program.lines().next().is_none();
        let received = if self.subject.program().is_some_and(silent) {
            "nothing at all"
        } else {
            "no such line"
        };
        self.told(place, &problem, expected, received).await
    }

    /// Whether it has printed this. Of a client counts what no step has taken yet, or what has come
    /// since a mark; of a server all.
    fn has_printed(
        &mut self,
        stream: Stream,
        text: &Check,
        since: Option<Instant>,
    ) -> Result<bool, super::stop::Stop> {
        let Some(program) = self.subject.program() else {
            return Err(undecided("the server's output is not ours to see"));
        };
        let wanted = |(number, line): &(usize, &Printed)| {
            let of_stream = match stream {
                Stream::Stdout => !line.stderr,
                Stream::Stderr => line.stderr,
                Stream::Output | Stream::Log => true,
            };
            let is_new = match since {
                _ if !self.judges_client() => true,
                Some(since) => line.at >= since,
                None => *number >= self.read_up_to[usize::from(line.stderr)],
            };
            of_stream && is_new
        };
        let lines: Vec<(usize, &Printed)> = program.lines().filter(wanted).collect();
        let texts: Vec<&str> = lines.iter().map(|(_, line)| line.text.as_str()).collect();
        let Some(found) = self.text_has(&texts, text)? else {
            return Ok(false);
        };
        let last = found.and_then(|at| lines.get(at)).or(lines.last());
        let taken = last.map(|(number, line)| (usize::from(line.stderr), number + 1));
        if let Some((stream, number)) = taken {
            self.read_up_to[stream] = number;
        }
        Ok(true)
    }

    /// Whether a line is as asked, and which; or all of them as one text.
    fn text_has(
        &self,
        lines: &[&str],
        text: &Check,
    ) -> Result<Option<Option<usize>>, super::stop::Stop> {
        let names = self.names(None);
        for (at, line) in lines.iter().enumerate() {
            if check_text(text, line, &names).map_err(undecided)? {
                return Ok(Some(Some(at)));
            }
        }
        let all = check_text(text, &lines.join("\n"), &names).map_err(undecided)?;
        Ok(all.then_some(None))
    }

    fn log_has(&self, text: &Check) -> Result<bool, super::stop::Stop> {
        let Some(path) = self.subject.log_path() else {
            return Err(undecided("the server's log file is not known"));
        };
        let log = tail(path).unwrap_or_default();
        let found = self.text_has(&log.lines().collect::<Vec<_>>(), text)?;
        Ok(found.is_some())
    }
}

fn since(base: Instant, moment: Instant) -> Amount {
    let nanos = moment.saturating_duration_since(base).as_nanos();
    Amount::Time(i128::try_from(nanos).unwrap_or(i128::MAX))
}

/// The end of a file as text; what is no UTF-8 in it is replaced.
fn tail(path: &Path) -> std::io::Result<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = std::fs::File::open(path)?;
    let len = file.metadata()?.len();
    file.seek(SeekFrom::Start(len.saturating_sub(MAX_LOG)))?;
    let mut bytes = Vec::new();
    file.take(MAX_LOG).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
