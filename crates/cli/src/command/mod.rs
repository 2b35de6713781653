//! One module per command. Each holds what can be typed after its name, and what then happens.

pub(crate) mod ask;
pub(crate) mod backup;
pub(crate) mod brain;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod connect;
pub(crate) mod contacts;
pub(crate) mod contracts;
pub(crate) mod copies;
pub(crate) mod days;
pub(crate) mod demo;
pub(crate) mod device;
pub(crate) mod doctor;
pub(crate) mod experiment;
pub(crate) mod export;
pub(crate) mod forecast;
pub(crate) mod generate;
pub(crate) mod graph;
pub(crate) mod guardian;
pub(crate) mod heir;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod learn;
pub(crate) mod log;
pub(crate) mod openapi;
pub(crate) mod pair;
pub(crate) mod passwd;
pub(crate) mod phonebook;
pub(crate) mod propose;
pub(crate) mod prove;
pub(crate) mod query;
pub(crate) mod receipts;
pub(crate) mod recover;
pub(crate) mod repair;
pub(crate) mod restore;
mod said;
pub(crate) mod show;
pub(crate) mod simulate;
pub(crate) mod streams;
pub(crate) mod talk;
pub(crate) mod token;
pub(crate) mod up;
pub(crate) mod verify;
pub(crate) mod witness;

use crate::arguments::{Arguments, Command};
use crate::exit::Exit;
use crate::nearest::{did_you_mean, nearest};
use crate::reach::{self, Reach};
use crate::trouble::Trouble;
use didymos_base::StreamId;
use didymos_twin::{Request, Response};

/// Does what was typed.
pub(crate) fn run(arguments: Arguments) -> Result<Exit, Trouble> {
    let Arguments { globals, command } = arguments;
    reach::listen_for_twins_at(&globals.link_listen);
    match command {
        Command::Init(init) => init::run(&globals, &init),
        Command::Import(import) => import::run(&globals, import),
        Command::Streams => streams::run(&globals),
        Command::Query(query) => query::run(&globals, &query),
        Command::Forecast(forecast) => forecast::run(&globals, &forecast),
        Command::Graph(graph) => graph::run(&globals, &graph),
        Command::Learn(learn) => learn::run(&globals, &learn),
        Command::Days(days) => days::run(&globals, days),
        Command::Generate(generate) => generate::run(&globals, &generate),
        Command::Propose(propose) => propose::run(&globals, &propose),
        Command::Ask(ask) => ask::run(&globals, &ask),
        Command::Simulate(simulate) => simulate::run(&globals, simulate),
        Command::Experiment(experiment) => experiment::run(&globals, experiment),
        Command::Brain(brain) => brain::run(&globals, brain),
        Command::Show(show) => show::run(&globals, &show),
        Command::Prove(prove) => prove::run(&globals, &prove),
        Command::Check(check) => check::run(&globals, &check),
        Command::Log(log) => log::run(&globals, &log),
        Command::Verify => verify::run(&globals),
        Command::Repair => repair::run(&globals),
        Command::Export(export) => export::run(&globals, &export),
        Command::Backup(backup) => backup::run(&globals, backup),
        Command::Restore(restore) => restore::run(&globals, &restore),
        Command::Passwd(passwd) => passwd::run(&globals, &passwd),
        Command::Pair(pair) => pair::run(&globals, &pair),
        Command::Contacts(contacts) => contacts::run(&globals, &contacts),
        Command::Grant(grant) => contracts::grant(&globals, &grant),
        Command::Contracts => contracts::list(&globals),
        Command::Accept(which) => contracts::accept(&globals, &which),
        Command::End(which) => contracts::end(&globals, &which),
        Command::Look(look) => contracts::look(&globals, &look),
        Command::Receipts(receipts) => receipts::run(&globals, &receipts),
        Command::Space(space) => copies::space(&globals, &space),
        Command::Copies(typed) => copies::copies(&globals, &typed),
        Command::Guardian(guardian) => guardian::run(&globals, guardian),
        Command::Heir(heir) => heir::run(&globals, heir),
        Command::Recover(recover) => recover::run(&globals, recover),
        Command::Witness(witness) => witness::run(&globals, witness),
        Command::Device(device) => device::run(&globals, device),
        Command::Connect(connect) => connect::run(&globals, &connect),
        Command::Phonebook(book) => phonebook::run(&globals, &book),
        Command::Send(send) => talk::send(&globals, &send),
        Command::Messages(messages) => talk::messages(&globals, &messages),
        Command::Circle(circle) => talk::circle(&globals, &circle),
        Command::Doctor => doctor::run(&globals),
        Command::Token(token) => token::run(&globals, token),
        Command::Up(up) => up::run(&globals, &up),
        Command::Demo(demo) => demo::run(&globals, &demo),
        Command::Completions(completions) => completions::run(&completions),
        Command::Openapi => openapi::run(),
    }
}

/// Asks about one stream; if there is none of that name, says which ones come close.
fn ask_about(reach: &Reach, stream: &StreamId, request: &Request) -> Result<Response, Trouble> {
    reach.ask(request).map_err(|trouble| {
        if trouble.exit != Exit::NotFound || trouble.message.contains("did you mean") {
            return trouble;
        }
        let Ok(Response::Streams(streams)) = reach.ask(&Request::Streams) else { return trouble };
        if streams.iter().any(|known| known.id == *stream) {
            return trouble;
        }
        let offers = nearest(stream.as_str(), streams.iter().map(|known| known.id.as_str()));
        let advice = did_you_mean(&offers).unwrap_or_else(|| "`twin streams` lists what there is".to_owned());
        trouble.next(advice)
    })
}
