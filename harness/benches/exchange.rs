//! What the harness costs per exchanged message, beside a hand-written loop.
//!
//! Both talk to the same server in the same process and send the same bytes: register once, then
//! send a message and wait for its answer, again and again. The server takes the time between one
//! message and the next, which is all that an exchange costs, so that neither side measures
//! itself. Rounds alternate, and medians are compared: with a loop that would wait for ever, and
//! with one that gives each answer a deadline, as whoever must not hang does.
//!
//! All of it runs on one core: on several, an exchange takes as long as waking the other core does,
//! which has nothing to do with the program and is many times what is measured here.
//!
//! `cargo bench -p harness --bench exchange` prints the table; `-- 50` makes it 50 rounds.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use harness::plan::{Selection, Suite, load};
use harness::run::{Progress, Run, Settings, Target};
use harness::source::Diagnostics;
use harness::verdict::Verdict;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Exchanges of one round.
const EXCHANGES: usize = 3_000;

/// Exchanges at the beginning of a round that are not counted.
const WARM_UP: usize = 200;

/// How long an answer may take in the loop that does not wait for ever.
const DEADLINE: Duration = Duration::from_secs(1);

const ROUNDS: usize = 20;

/// STATUS 0 without a text.
const STATUS: [u8; 4] = [4, 0, 0, 0];

const TEXT: &str = "what is said in a chat is about as long as this";

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let rounds = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(ROUNDS);
    stay_on_one_core()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (sender, times) = mpsc::channel();
    std::thread::spawn(move || serve(&listener, &sender));
    let folder = tempfile::tempdir()?;
    let suites = suites(folder.path())?;
    let mut by_hand = Vec::new();
    let mut with_deadline = Vec::new();
    let mut by_harness = Vec::new();
    for _ in 0..rounds {
        loop_by_hand(address, None)?;
        by_hand.push(median(times.recv_timeout(Duration::from_secs(10))?));
        loop_by_hand(address, Some(DEADLINE))?;
        with_deadline.push(median(times.recv_timeout(Duration::from_secs(10))?));
        run_scenario(&suites, address)?;
        by_harness.push(median(times.recv_timeout(Duration::from_secs(10))?));
    }
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{rounds} rounds of {} exchanges each, medians",
        EXCHANGES - WARM_UP
    )?;
    let line = |name: &str, times: &[Duration]| {
        let time = micros(median(times.to_vec()));
        format!("  {name:24} {time:8.2} us an exchange")
    };
    writeln!(out, "{}", line("loop by hand", &by_hand))?;
    writeln!(out, "{}", line("the same with a deadline", &with_deadline))?;
    writeln!(out, "{}", line("harness", &by_harness))?;
    for (name, base) in [
        ("loop by hand", &by_hand),
        ("with a deadline", &with_deadline),
    ] {
        let ratio = ratio(&by_harness, base);
        writeln!(out, "  harness / {name:16} {ratio:6.3}")?;
    }
    Ok(())
}

/// The median of what each round took beside another of the same turn.
fn ratio(times: &[Duration], base: &[Duration]) -> f64 {
    let pairs = times.iter().zip(base);
    let ratios = pairs.map(|(a, b)| a.as_secs_f64() / b.as_secs_f64());
    median_of(ratios.collect(), f64::total_cmp)
}

/// Has this thread and those that it will start use the first core that they may use.
fn stay_on_one_core() -> io::Result<()> {
    let allowed = sched_getaffinity(None)?;
    let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu));
    let mut one = CpuSet::new();
    one.set(first.unwrap_or(0));
    Ok(sched_setaffinity(None, &one)?)
}

/// A server that knows just enough of the Basic Chat Protocol: every message but an
/// acknowledgement is answered by STATUS 0. Sends the times between messages at the end of each
/// connection that had enough of them.
fn serve(listener: &TcpListener, times: &mpsc::Sender<Vec<Duration>>) {
    for stream in listener.incoming().flatten() {
        let mut moments = Vec::with_capacity(EXCHANGES);
        // The end of the connection is the end of the loop.
        let _ = answer(stream, &mut moments);
        let between = moments
            .windows(2)
            .map(|pair| pair[1].duration_since(pair[0]));
        let between: Vec<Duration> = between.skip(WARM_UP).collect();
        if !between.is_empty() && times.send(between).is_err() {
            return;
        }
    }
}

fn answer(mut stream: TcpStream, moments: &mut Vec<Instant>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut unread = Vec::new();
    let mut space = [0; 4096];
    loop {
        let count = stream.read(&mut space)?;
        if count == 0 {
            return Ok(());
        }
        unread.extend_from_slice(&space[..count]);
        while let Some(len) = message(&unread) {
            unread.drain(..len);
            moments.push(Instant::now());
            stream.write_all(&STATUS)?;
        }
    }
}

/// How long the first message is, when it is whole.
fn message(bytes: &[u8]) -> Option<usize> {
    let [_, high, low, ..] = *bytes else {
        return None;
    };
    let len = 3 + usize::from(u16::from_be_bytes([high, low]));
    (bytes.len() >= len).then_some(len)
}

fn packed(tag: u8, text: &str) -> Vec<u8> {
    let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
    let mut bytes = vec![tag];
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn loop_by_hand(address: SocketAddr, deadline: Option<Duration>) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut stream = tokio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        // With more space than an answer needs, the runtime sees that nothing is left to be read.
        let mut space = [0; 4096];
        for number in 0..=EXCHANGES {
            let bytes = match number {
                0 => packed(1, "alice"),
                _ => packed(2, TEXT),
            };
            stream.write_all(&bytes).await?;
            let mut count = 0;
            while count < STATUS.len() {
                let answer = stream.read(&mut space[count..]);
                let read = match deadline {
                    Some(deadline) => tokio::time::timeout(deadline, answer).await??,
                    None => answer.await?,
                };
                match read {
                    0 => return Err("the server ended the connection".into()),
                    more => count += more,
                }
            }
            if space[..count] != STATUS {
                return Err("not the expected answer".into());
            }
        }
        Ok(())
    })
}

/// The protocol as it is, and one scenario.
fn suites(folder: &Path) -> Outcome<Vec<Suite>> {
    let protocol = folder.join("bcp");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/bcp");
    std::fs::create_dir_all(protocol.join("server/bench"))?;
    for name in ["protocol.yaml", "rules.yaml"] {
        std::fs::copy(kept.join(name), protocol.join(name))?;
    }
    let scenario = format!(
        "scenario: many exchanges\n\
         rules: [BCP-6c]\n\
         clients: {{ alice: {{}} }}\n\
         steps:\n\
         \x20 - {{ use: join, with: {{ who: alice }} }}\n\
         \x20 - repeat: {EXCHANGES}\n\
         \x20   steps:\n\
         \x20     - alice: {{ send: send, with: {{ message: {TEXT} }} }}\n\
         \x20     - alice: {{ recv: status, with: {{ code: ok, message: \"\" }} }}\n"
    );
    std::fs::write(protocol.join("server/bench/exchange.yaml"), scenario)?;
    let selection = Selection {
        paths: vec![protocol],
        ..Selection::default()
    };
    let mut diagnostics = Diagnostics::default();
    let suites = load(&selection, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics.to_plain_text().into());
    }
    Ok(suites)
}

fn run_scenario(suites: &[Suite], address: SocketAddr) -> Outcome<()> {
    let settings = Settings {
        jobs: 1,
        seed: 1,
        strict: false,
        fail_fast: false,
        repeat: 1,
        expected: std::sync::Arc::default(),
    };
    let mut run = Run::start(suites, Target::Attach { address }, settings, <_>::default())?;
    while let Some(progress) = run.next_progress() {
        if let Progress::Finished { outcome, .. } = progress
            && outcome.verdict != Verdict::Pass
        {
            let findings = outcome
                .findings
                .iter()
                .map(|finding| finding.problem.clone());
            let said: Vec<String> = findings.chain(outcome.reason.clone()).collect();
            return Err(format!("the scenario does not pass: {}", said.join("; ")).into());
        }
    }
    Ok(run.finish()?)
}

fn median(times: Vec<Duration>) -> Duration {
    median_of(times, Duration::cmp)
}

fn median_of<T: Copy + Default>(
    mut values: Vec<T>,
    order: impl FnMut(&T, &T) -> std::cmp::Ordering,
) -> T {
    values.sort_by(order);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
