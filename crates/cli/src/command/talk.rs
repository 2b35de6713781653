//! `twin send`, `messages` and `circle`: writing to contacts and in circles.

use super::said::{self, Names};
use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::{Reach, reach};
use crate::render::table::{Side, Table, plain};
use crate::render::{faint, words};
use crate::trouble::Trouble;
use clap::{Args, Subcommand};
use didymos_base::Digest;
use didymos_twin::request::{
    CircleAdmin, CircleNew, CircleRename, CircleWhich, CircleWho, FileSave, FileTake, MessageNew, MessageRead,
    Messages as Page,
};
use didymos_twin::response::{CircleShown, CircleState, Delivery, MemberShown, MessageShown, MessagesAnswer, Role};
use didymos_twin::{Request, Response};
use std::path::PathBuf;

const SEND_EXAMPLES: &str = "\
Examples:
  twin send ann 'meet at nine?'
  twin send family --file photo.jpg
  echo 'from a script' | twin send ann -

Only the other members can read it. Whoever is away gets it from anybody of the circle who has it.";
const MESSAGES_EXAMPLES: &str = "\
Examples:
  twin messages                                          every circle, the newest message first
  twin messages ann
  twin messages family --follow
  twin messages family --save 3f2a --to ~/Downloads      the file of a message";

/// Write to a contact or a circle.
#[derive(Args)]
#[command(after_help = SEND_EXAMPLES)]
pub(crate) struct Send {
    /// To whom: a name from `twin contacts`, or a circle's name or id
    to: String,
    /// What to say; `-` reads it from standard input
    #[arg(required_unless_present = "file")]
    text: Option<String>,
    /// A file to send, at most 256 MiB
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// The message that this one answers, by its id
    #[arg(long, value_name = "ID")]
    answers: Option<Digest>,
}

/// Read messages; without a circle, a list of circles.
#[derive(Args)]
#[command(after_help = MESSAGES_EXAMPLES)]
pub(crate) struct Messages {
    /// A contact's or a circle's name, or its id
    circle: Option<String>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Only messages before this one, by its id
    #[arg(long, value_name = "ID", requires = "circle")]
    before: Option<Digest>,
    /// Go on with what comes, until interrupted
    #[arg(long, requires = "circle")]
    follow: bool,
    /// Leave them unread
    #[arg(long)]
    peek: bool,
    /// Write the file of this message, by its id or the beginning of it
    #[arg(long, value_name = "ID", requires = "circle", conflicts_with = "follow")]
    save: Option<String>,
    /// The folder or file to write it to [default: this folder]
    #[arg(long, value_name = "PATH", requires = "save")]
    to: Option<PathBuf>,
}

/// Circles: people who write to each other; without more words, a list.
#[derive(Args)]
pub(crate) struct Circle {
    #[command(subcommand)]
    change: Option<Change>,
}

#[derive(Subcommand)]
enum Change {
    /// Make a circle
    Create {
        /// What it is called
        name: String,
        /// Contacts to let in
        contacts: Vec<String>,
    },
    /// Let a contact in
    Add {
        /// Which circle
        circle: String,
        /// Who
        who: String,
    },
    /// Put a member out: they read nothing that is written from then on
    Remove {
        /// Which circle
        circle: String,
        /// Who
        who: String,
    },
    /// Leave a circle; what was received stays
    Leave {
        /// Which circle
        circle: String,
    },
    /// Call a circle otherwise
    Rename {
        /// Which circle
        circle: String,
        /// The new name
        name: String,
    },
    /// Let a member let others in and put them out
    Admin {
        /// Which circle
        circle: String,
        /// Who
        who: String,
        /// No longer
        #[arg(long)]
        no: bool,
    },
    /// Renew this device's keys now: whoever stole the old ones reads nothing from then on
    Renew {
        /// Which circle
        circle: String,
    },
    /// Circles and conversations
    List,
    /// Who is in a circle
    Show {
        /// Which circle
        circle: String,
    },
}

pub(crate) fn send(globals: &Globals, typed: &Send) -> Result<Exit, Trouble> {
    let text = match typed.text.as_deref() {
        Some("-") => std::io::read_to_string(std::io::stdin().lock()).map_err(|error| Trouble::output(&error))?,
        text => text.unwrap_or_default().to_owned(),
    };
    // The twin may run elsewhere in the file tree: it is told where the file is.
    let file = typed.file.as_ref().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone()));
    let reach = reach(globals)?;
    let staged = match file {
        None => None,
        Some(path) => {
            let Response::FileStaged(staged) = reach.ask(&Request::FileTake(FileTake { path }))? else {
                return Err(Trouble::misunderstood());
            };
            Some(staged.staged)
        }
    };
    let asked = MessageNew { to: typed.to.clone(), text, staged, answers: typed.answers };
    let Response::Messages(sent) = reach.ask(&Request::MessageSend(asked))? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&sent)?;
        return Ok(Exit::Done);
    }
    output::text(&said::render(&sent.messages, &Names::default()))?;
    if sent.messages.iter().any(|message| message.delivery == Some(Delivery::Waiting)) {
        output::aside("Nobody of the circle has it yet; `twin up` hands it on as soon as somebody is there.");
    }
    Ok(Exit::Done)
}

pub(crate) fn messages(globals: &Globals, typed: &Messages) -> Result<Exit, Trouble> {
    let Some(circle) = &typed.circle else { return circles(globals, &Request::Circles) };
    let reach = reach(globals)?;
    let ask = |unless| {
        let page = Page { circle: circle.clone(), before: typed.before, limit: typed.limit, unless };
        let Response::Messages(answer) = reach.ask(&Request::Messages(page))? else {
            return Err(Trouble::misunderstood());
        };
        if let Some(last) = answer.messages.iter().rev().find(|message| message.event.is_none() && !message.seen)
            && !typed.peek
        {
            let read = MessageRead { circle: answer.circle.circle.to_string(), message: last.message };
            reach.ask(&Request::MessageRead(read))?;
        }
        Ok(answer)
    };
    let mut answer = ask(None)?;
    if let Some(wanted) = &typed.save {
        return save(globals, typed, &answer, wanted);
    }
    print(globals, &reach, &answer, &[])?;
    if !typed.follow {
        return Ok(Exit::Done);
    }
    loop {
        let known: Vec<Digest> = answer.messages.iter().map(|message| message.message).collect();
        answer = ask(Some(answer.circle.change))?;
        print(globals, &reach, &answer, &known)?;
    }
}

/// Prints a page; in a row of pages, what is new in it.
fn print(globals: &Globals, reach: &Reach, answer: &MessagesAnswer, known: &[Digest]) -> Result<(), Trouble> {
    let fresh = answer.messages.iter().filter(|message| !known.contains(&message.message)).cloned();
    let fresh: Vec<MessageShown> = fresh.collect();
    if known.is_empty() {
        if globals.json {
            return output::json(answer);
        }
        if fresh.is_empty() {
            let since = if answer.circle.begins_later { "since you came" } else { "yet" };
            return output::text(&format!("Nothing has been written {since}.\n"));
        }
        if answer.more {
            let first = answer.messages.first().map(|first| first.message.to_string()).unwrap_or_default();
            output::aside(&faint(&format!("older ones: --before {first}")));
        } else if answer.circle.begins_later {
            output::aside(&faint("What was written before you came is not here."));
        }
        if answer.circle.state == CircleState::Out {
            output::aside(&faint("You are out of this circle. What came before stays."));
        }
    }
    if globals.json {
        return fresh.iter().try_for_each(output::json);
    }
    output::text(&said::render(&fresh, &Names::of(reach, &fresh)?))
}

fn save(globals: &Globals, typed: &Messages, answer: &MessagesAnswer, wanted: &str) -> Result<Exit, Trouble> {
    let begins = |message: &&MessageShown| message.message.to_string().starts_with(&wanted.to_lowercase());
    let Some(message) = answer.messages.iter().find(begins).map(|message| message.message) else {
        return Err(Trouble::new(Exit::NotFound, format!("there is no message {wanted} on this page"))
            .next("`twin messages` lists them with their ids"));
    };
    let path = typed.to.clone().unwrap_or_else(|| PathBuf::from("."));
    let path = std::path::absolute(&path).unwrap_or(path);
    let asked = FileSave { circle: answer.circle.circle.to_string(), message, path };
    let Response::FileSaved(saved) = reach(globals)?.ask(&Request::FileSave(asked))? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&saved)?;
    } else {
        output::text(&format!("{} ({} bytes)\n", saved.path.display(), saved.bytes))?;
    }
    Ok(Exit::Done)
}

pub(crate) fn circle(globals: &Globals, typed: &Circle) -> Result<Exit, Trouble> {
    let which = |circle: &str| CircleWhich { circle: circle.to_owned() };
    let who = |circle: &str, who: &str| CircleWho { circle: circle.to_owned(), who: who.to_owned() };
    let request = match typed.change.as_ref().unwrap_or(&Change::List) {
        Change::Create { name, contacts } => {
            Request::CircleCreate(CircleNew { name: name.clone(), invite: contacts.clone() })
        }
        Change::Add { circle, who: one } => Request::CircleInvite(who(circle, one)),
        Change::Remove { circle, who: one } => Request::CircleRemove(who(circle, one)),
        Change::Leave { circle } => Request::CircleLeave(which(circle)),
        Change::Rename { circle, name } => {
            Request::CircleRename(CircleRename { circle: circle.clone(), name: name.clone() })
        }
        Change::Admin { circle, who, no } => {
            Request::CircleAdmin(CircleAdmin { circle: circle.clone(), who: who.clone(), admin: !no })
        }
        Change::Renew { circle } => Request::CircleRenew(which(circle)),
        Change::List => Request::Circles,
        Change::Show { circle } => {
            let page = Page { circle: circle.clone(), limit: 1, ..Page::default() };
            let Response::Messages(answer) = reach(globals)?.ask(&Request::Messages(page))? else {
                return Err(Trouble::misunderstood());
            };
            return show(globals, &answer.circle);
        }
    };
    circles(globals, &request)
}

fn circles(globals: &Globals, request: &Request) -> Result<Exit, Trouble> {
    let Response::Circles(circles) = reach(globals)?.ask(request)? else { return Err(Trouble::misunderstood()) };
    match circles.as_slice() {
        [one] if !matches!(request, Request::Circles) => return show(globals, one),
        _ if globals.json => output::json(&circles)?,
        _ => output::text(&render_circles(&circles, output::width()))?,
    }
    Ok(Exit::Done)
}

fn render_circles(circles: &[CircleShown], width: usize) -> String {
    if circles.is_empty() {
        return format!("No circles yet. {}\n", faint("`twin send NAME TEXT` writes to a contact."));
    }
    let mut table = Table::new([
        ("id", Side::Left),
        ("name", Side::Left),
        ("", Side::Left),
        ("new", Side::Right),
        ("last", Side::Left),
    ]);
    for circle in circles {
        let last = circle.last.as_ref().map(|last| {
            let text: String = last.text.chars().take(60).collect();
            format!("{} {}", words::time(&last.received), plain(&text))
        });
        table.row([
            circle.circle.to_string()[..8].to_owned(),
            plain(&circle.name),
            state(circle),
            if circle.unread > 0 { circle.unread.to_string() } else { String::new() },
            last.unwrap_or_default(),
        ]);
    }
    table.render(width)
}

fn state(circle: &CircleShown) -> String {
    match circle.state {
        CircleState::Member if circle.with.is_some() => String::new(),
        CircleState::Member if circle.members.len() == 1 => "only you".to_owned(),
        CircleState::Member => format!("{} people", circle.members.len()),
        CircleState::Waiting => "waits to be let in anew".to_owned(),
        CircleState::Out => "you are out".to_owned(),
    }
}

fn show(globals: &Globals, circle: &CircleShown) -> Result<Exit, Trouble> {
    if globals.json {
        output::json(circle)?;
        return Ok(Exit::Done);
    }
    let mut text = format!("{}  {}  {}\n", plain(&circle.name), faint(&circle.circle.to_string()), state(circle));
    let mut table = Table::new([("who", Side::Left), ("", Side::Left), ("devices", Side::Right)]);
    for member in &circle.members {
        table.row([name_of(member), part(member).to_owned(), member.devices.len().to_string()]);
    }
    text.push_str(&table.render(output::width()));
    output::text(&text)?;
    Ok(Exit::Done)
}

fn name_of(member: &MemberShown) -> String {
    match &member.name {
        _ if member.me => "you".to_owned(),
        Some(name) => plain(name),
        None => member.did.to_string(),
    }
}

fn part(member: &MemberShown) -> &'static str {
    match member.role {
        _ if member.invited => "asked to join",
        Role::Creator => "made it",
        Role::Admin => "lets people in",
        Role::Member => "",
    }
}
