use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::reports::{ReportArg, report};
use super::shard::Shard;
use crate::report::ColorFlag;
use crate::scenario::SubjectWord;

const EXIT_CODES: &str = "\
Exit status:
  0    everything that was judged conforms
  1    something does not conform, or a snapshot differs
  2    wrong flags, or scenario files that cannot be used
  3    nothing could be judged: nothing selected, or the server cannot be reached
  4    everything that was judged conforms, but a file that was asked for cannot be written
  130  interrupted";

/// Replays scripted exchanges against chat servers and judges what comes back, rule by rule.
#[derive(Debug, Parser)]
#[command(name = "harness", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub(super) struct Cli {
    /// When to use colours
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub color: ColorFlag,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run scenarios against a server and judge it
    Run(RunArgs),
    /// Find what is wrong with scenario and protocol files, without running anything
    Check(CheckArgs),
    /// List scenarios or rules
    List(ListArgs),
    /// Run scenarios against reference servers with known faults, and tell what they miss
    Prove(ProveArgs),
    /// Judge several implementations in one go, and show which of them keeps which rules
    Matrix(MatrixArgs),
    /// Put the records of several runs together, such as those of shards, and report them as one
    Merge(MergeArgs),
    /// Tell what broke and what was mended between two records
    Compare(CompareArgs),
    /// Print the JSON Schema of a protocol's scenario files, for editors
    Schema(SchemaArgs),
    /// Print the reference of the YAML languages as Markdown
    Docs(DocsArgs),
    /// Review or accept transcripts that differ from their snapshots
    Snapshots(SnapshotsArgs),
    /// Print a script that completes commands and flags in a shell
    Completions(CompletionsArgs),
    /// Write manual pages
    Man(ManArgs),
}

/// What is selected.
#[derive(Debug, Args, Clone, Default)]
pub(super) struct SelectionArgs {
    /// Scenario files, folders of them, protocol folders, or a folder of protocols
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only this protocol (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub protocol: Vec<String>,
    /// The form in which this server speaks the protocol: a file in dialects/
    #[arg(long, value_name = "NAME")]
    pub dialect: Option<String>,
    /// Only scenarios whose area or title contains this text, or that are about this rule (may be
    /// repeated)
    #[arg(long, short, value_name = "TEXT")]
    pub filter: Vec<String>,
    /// A parameter of the server or of the fake clients (may be repeated); `list --params` shows them
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = key_value)]
    pub params: Vec<(String, String)>,
}

#[derive(Debug, Args, Default)]
pub(super) struct RunArgs {
    /// Only scenarios that judge this side; for a matrix.
    #[arg(skip)]
    pub subject: Option<SubjectWord>,
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Judge the server that runs here; without it and --spawn, the embedded reference server
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "spawn")]
    pub target: Option<String>,
    /// Start a fresh server with this command for each scenario; {port}, {host}, {dir}, {log} and
    /// parameters such as {timeout} are filled in
    #[arg(long, value_name = "COMMAND")]
    pub spawn: Option<String>,
    /// The port that the spawned server always listens on, if it cannot be told one
    #[arg(long, value_name = "PORT", requires = "spawn")]
    pub port: Option<u16>,
    /// Judge this client program instead of a server: it is started for each scenario and must connect
    /// to where {host} and {port} say; {name}, {dialect}, {dir}, {log}, parameters and what else the
    /// README lists are filled in, too
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["target", "spawn"])]
    pub client: Option<String>,
    /// How many scenarios run at once [default: 1 with --target, else several]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Where names and all else that is random come from; the run prints it
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Run everything so often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub repeat: u32,
    /// Begin nothing new after the first failure
    #[arg(long)]
    pub fail_fast: bool,
    /// Breaking a rule of the level `should` is a failure too
    #[arg(long)]
    pub strict: bool,
    /// Compare the transcripts with the snapshots under this label
    #[arg(long, value_name = "LABEL")]
    pub snapshots: Option<String>,
    /// Failures that are known and do not fail the run, in this file; `harness docs expected` explains
    /// it (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub expected: Vec<PathBuf>,
    /// Write a first file for --expected, with everything that fails in this run
    #[arg(long, value_name = "FILE", conflicts_with = "expected")]
    pub write_expected: Option<PathBuf>,
    /// Run one of several parts of the scenarios, for machines that share them
    #[arg(long, value_name = "NUMBER/PARTS")]
    pub shard: Option<Shard>,
    /// Also write what was found: a page for a browser (html=FOLDER), everything as data (json=FILE),
    /// for build services (junit=FILE, tap=FILE), for a comment on a pull request (md=FILE); a FILE
    /// `-` is standard output (may be repeated)
    #[arg(long = "report", value_name = "KIND=PATH", value_parser = report)]
    pub reports: Vec<ReportArg>,
    /// One line for each failure, and the counts
    #[arg(long, short, conflicts_with = "verbose")]
    pub quiet: bool,
    /// A line for every scenario
    #[arg(long, short)]
    pub verbose: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// List rules with the number of their scenarios and of the faults that break them
    #[arg(long, conflicts_with = "params_only")]
    pub rules: bool,
    /// Each rule with its source, the titles of its scenarios and its faults
    #[arg(long, short, requires = "rules")]
    pub verbose: bool,
    /// List the parameters of the protocols
    #[arg(long = "params")]
    pub params_only: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ProveArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Only this fault (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub fault: Vec<String>,
    /// Run every scenario with every fault of its protocol, not only until each has been caught
    #[arg(long)]
    pub all: bool,
    /// How many scenarios run at once, of all protocols together and of one at most 64
    #[arg(long, short, value_name = "N", default_value_t = 140, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,
    /// Where names and all else that is random come from
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Each fault with the scenarios that caught it
    #[arg(long, short)]
    pub verbose: bool,
}

#[derive(Debug, Args)]
pub(super) struct MatrixArgs {
    /// The list of implementations; `harness docs matrix` explains it
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only scenarios whose area or title contains this text, or that are about this rule (may be
    /// repeated)
    #[arg(long, short, value_name = "TEXT")]
    pub filter: Vec<String>,
    /// How many scenarios run at once
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Where names and all else that is random come from
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Breaking a rule of the level `should` is a failure too
    #[arg(long)]
    pub strict: bool,
    /// Also write the tables: as pages for a browser with all that was found (html=FOLDER), or as
    /// Markdown (md=FILE) (may be repeated)
    #[arg(long = "report", value_name = "KIND=PATH", value_parser = report)]
    pub reports: Vec<ReportArg>,
    /// Show every rule, not only those that some implementation breaks
    #[arg(long, short)]
    pub verbose: bool,
}

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Records that `run --report json=FILE` wrote
    #[arg(required = true, value_name = "RECORD")]
    pub records: Vec<PathBuf>,
    /// Also write what was found, as `run --report` does (may be repeated)
    #[arg(long = "report", value_name = "KIND=PATH", value_parser = report)]
    pub reports: Vec<ReportArg>,
}

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The older record, written by `run --report json=FILE` or by `merge`
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The newer one
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: CompareFormat,
}

/// How a comparison is printed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum CompareFormat {
    /// For a terminal
    #[default]
    Text,
    /// Markdown, for a comment on a pull request
    Md,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Where the pages are written
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// A protocol's folder, or a folder of protocols
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only this protocol (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub protocol: Vec<String>,
    /// Write schema/NAME.schema.json beside the protocols' folders instead of printing, and the
    /// schemas of protocol files, dialects and rules with them
    #[arg(long)]
    pub write: bool,
}

#[derive(Debug, Args)]
pub(super) struct DocsArgs {
    /// Only this language
    #[arg(value_enum, value_name = "LANGUAGE")]
    pub part: Option<Part>,
}

/// A language that has a reference.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Part {
    /// Scenario files
    Scenarios,
    /// Protocol files and dialects
    Wire,
    /// rules.yaml
    Rules,
    /// Lists of expected failures
    Expected,
    /// Lists of implementations, for `harness matrix`
    Matrix,
}

#[derive(Debug, Args)]
pub(super) struct SnapshotsArgs {
    #[command(subcommand)]
    pub action: SnapshotsAction,
}

#[derive(Debug, Subcommand)]
pub(super) enum SnapshotsAction {
    /// Show each difference and ask whether it is right
    Review {
        /// Where to look for pending snapshots
        #[arg(default_value = "scenarios", value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Take all pending snapshots
    Accept {
        /// Where to look for pending snapshots
        #[arg(default_value = "scenarios", value_name = "FOLDER")]
        folder: PathBuf,
    },
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE, for example idle_timeout=60s".to_owned()),
    }
}
