//! The command line as typed, and its help.

use crate::command::{
    ask::Ask,
    backup::Backup,
    brain::Brain,
    check::Check,
    completions::Completions,
    connect::Connect,
    contacts::Contacts,
    contracts,
    copies::{Copies, Space},
    days::Days,
    demo::Demo,
    device::Device,
    experiment::Experiment,
    export::Export,
    forecast::Forecast,
    generate::Generate,
    graph::Graph,
    guardian::Guardian,
    heir::Heir,
    import::Import,
    init::Init,
    learn::Learn,
    log::Log,
    pair::Pair,
    passwd::Passwd,
    phonebook::PhoneBook,
    propose::Propose,
    prove::Prove,
    query::Query,
    receipts::Receipts,
    recover::Recover,
    restore::Restore,
    show::Show,
    simulate::Simulate,
    talk,
    token::Token,
    up::Up,
    witness::Witness,
};
use crate::exit::{self, Exit};
use crate::trouble::Trouble;
use clap::{Args, Parser, Subcommand};
use didymos_base::StreamId;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Your own digital twin: takes in your data, keeps it so that only you can read it, and proves what it says.
#[derive(Parser)]
#[command(name = "twin", version, after_help = exit::HELP, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Args)]
pub(crate) struct Globals {
    /// Where the twin lies [default: `twin` in the platform's folder for data]
    #[arg(long, value_name = "DIR", env = "TWIN_HOME", global = true, help_heading = "Common options")]
    pub(crate) home: Option<PathBuf>,
    /// File whose first line is the passphrase; else `TWIN_PASSPHRASE`; else you are asked
    #[arg(long, value_name = "FILE", global = true, help_heading = "Common options")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Print the answer as JSON
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) json: bool,
    /// Where to listen for other people's twins (UDP) [default: every interface, port 7438]
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "TWIN_LINK_LISTEN",
        value_delimiter = ',',
        global = true,
        help_heading = "Common options"
    )]
    pub(crate) link_listen: Vec<SocketAddr>,
}

impl Globals {
    /// The data directory, absolute.
    pub(crate) fn home(&self) -> Result<PathBuf, Trouble> {
        let chosen = self.home.clone().filter(|home| !home.as_os_str().is_empty()).or_else(platform_home);
        let Some(home) = chosen else {
            return Err(Trouble::new(Exit::Usage, "it is not clear where your data should lie: HOME is not set")
                .next("name a folder with --home or TWIN_HOME"));
        };
        std::path::absolute(&home).map_err(|error| Trouble::file("use", &home, &error))
    }
}

/// The folder for data of the XDG base directory specification, and its counterparts elsewhere.
fn platform_home() -> Option<PathBuf> {
    let folder = |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")))
    };
    data.map(|data| data.join("twin"))
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new twin and its 24 words
    Init(Init),
    /// Take in files: Apple Health, Fitbit, glucose, GPX, calendars (.ics), any CSV
    Import(Import),
    /// List what is measured, from when to when, from which sources
    Streams,
    /// Statistics per minute, hour, day or week, or the observations themselves
    Query(Query),
    /// What comes next on a stream, how sure that is, and how right such answers have been
    Forecast(Forecast),
    /// What goes before what, with the evidence
    Graph(Graph),
    /// Which days are alike, which are unusual, and what nobody measured
    #[command(subcommand)]
    Days(Days),
    /// Make up days like yours, unless they would be yours in disguise
    Generate(Generate),
    /// What you could do in the coming days for what you wish
    Propose(Propose),
    /// Learn the models that days, made-up days and proposals come from
    Learn(Learn),
    /// What if? Two futures, the effect, how sure that is and why
    Ask(Ask),
    /// Bodies moved on under what is said of them, and trials on virtual people
    Simulate(Simulate),
    /// Randomised trials on oneself
    #[command(subcommand)]
    Experiment(Experiment),
    /// Your brain network: a connectome, and the model that is fitted to it
    #[command(subcommand)]
    Brain(Brain),
    /// One observation, and where it comes from all the way to a signature
    Show(Show),
    /// Write a proof of one observation that anybody can check
    Prove(Prove),
    /// Check a proof: needs no twin and no key
    Check(Check),
    /// What happened: commits and receipts, newest first
    Log(Log),
    /// Read and hash everything again
    Verify,
    /// Heal what `verify` finds, from the backups and from friends
    Repair,
    /// Write everything out in open formats
    Export(Export),
    /// Copies elsewhere: a folder, or an S3-compatible store
    #[command(subcommand)]
    Backup(Backup),
    /// Get a twin back from a copy, or from friends, and the 24 words
    Restore(Restore),
    /// Tokens with which programs and devices deliver files by themselves
    #[command(subcommand)]
    Token(Token),
    /// Make your twin and somebody else's known to each other
    Pair(Pair),
    /// People whose twins this one knows
    Contacts(Contacts),
    /// Offer a contact to see some of your data
    Grant(contracts::Grant),
    /// Offers and contracts with contacts
    #[command(visible_alias = "offers")]
    Contracts,
    /// Accept what a contact offers
    Accept(contracts::Which),
    /// End a contract, take an offer back, or turn one down
    End(contracts::Which),
    /// See what a contact lets you see
    Look(contracts::Look),
    /// Each use of a contract, as both sides have signed it
    Receipts(Receipts),
    /// Room for each other's copies: offered, listed, ended
    Space(Space),
    /// Copies at friends: how they stand, spread, show, and help a friend back
    Copies(Copies),
    /// People who can bring your recovery phrase back together
    Guardian(Guardian),
    /// Who gets what once you are silent for long, and what was left to you
    Heir(Heir),
    /// Get a twin back by its guardians, without the 24 words
    Recover(Recover),
    /// Contacts who see to it that nobody shows two histories
    Witness(Witness),
    /// Your other machines: copies that stay live, and computers that may open the page
    #[command(subcommand)]
    Device(Device),
    /// Open the page of your twin on another machine, in this one's browser
    Connect(Connect),
    /// Which sources are asked where contacts are, and told where you are
    Phonebook(PhoneBook),
    /// Write to a contact or a circle
    Send(talk::Send),
    /// Read messages
    Messages(talk::Messages),
    /// Circles: people who write to each other
    Circle(talk::Circle),
    /// Change the passphrase
    Passwd(Passwd),
    /// Look for what needs attention
    Doctor,
    /// Serve the page in your browser, on this machine only
    Up(Up),
    /// Try a throw-away twin with a real person's months of data
    Demo(Demo),
    /// Print completions for a shell
    Completions(Completions),
    #[command(about = "Print the API's description (OpenAPI 3.1)")]
    Openapi,
}

/// A stream's name as people type it: `Heart-Rate` is `heart_rate`.
pub(crate) fn stream(text: &str) -> Result<StreamId, didymos_base::streams::BadStreamId> {
    text.trim().to_lowercase().replace([' ', '-'], "_").parse()
}
