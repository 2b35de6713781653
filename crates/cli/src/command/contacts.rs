//! `twin contacts`: people whose twins this one knows.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::table::{Side, Table, plain};
use crate::render::{bad, faint, good, words};
use crate::trouble::Trouble;
use clap::{Args, Subcommand};
use didymos_twin::request::ContactChange;
use didymos_twin::response::ContactShown;
use didymos_twin::{Request, Response};

/// People whose twins this one knows; without more words, a list.
#[derive(Args)]
pub(crate) struct Contacts {
    #[command(subcommand)]
    change: Option<Change>,
}

#[derive(Subcommand)]
enum Change {
    /// Call somebody otherwise
    Rename {
        /// Who: a name, the beginning of it, or a DID
        contact: String,
        /// The new name
        name: String,
    },
    /// Hear nothing of somebody any more
    Block {
        /// Who
        contact: String,
    },
    /// Hear of somebody again
    Unblock {
        /// Who
        contact: String,
    },
    /// Say which domain somebody has, where their twin may be looked up (`twin phonebook --web on`)
    Domain {
        /// Who
        contact: String,
        /// The domain, such as ann.example.org [default: none any more]
        domain: Option<String>,
    },
    /// Know somebody no more, and end every contract with them
    Forget {
        /// Who
        contact: String,
    },
}

pub(crate) fn run(globals: &Globals, typed: &Contacts) -> Result<Exit, Trouble> {
    let change = |contact: &str| ContactChange { contact: contact.to_owned(), ..ContactChange::default() };
    let request = match &typed.change {
        None => Request::Contacts,
        Some(Change::Rename { contact, name }) => {
            Request::ContactChange(ContactChange { name: Some(name.clone()), ..change(contact) })
        }
        Some(Change::Block { contact }) => {
            Request::ContactChange(ContactChange { blocked: Some(true), ..change(contact) })
        }
        Some(Change::Unblock { contact }) => {
            Request::ContactChange(ContactChange { blocked: Some(false), ..change(contact) })
        }
        Some(Change::Domain { contact, domain }) => {
            Request::ContactChange(ContactChange { web: Some(domain.clone().unwrap_or_default()), ..change(contact) })
        }
        Some(Change::Forget { contact }) => Request::ContactChange(ContactChange { forget: true, ..change(contact) }),
    };
    let Response::Contacts(contacts) = reach(globals)?.ask(&request)? else { return Err(Trouble::misunderstood()) };
    if globals.json {
        output::json(&contacts)?;
    } else if matches!(typed.change, Some(Change::Forget { .. })) {
        output::text("Forgotten. What was signed and receipted stays in the journal.\n")?;
    } else {
        output::text(&render(&contacts, output::width()))?;
    }
    Ok(Exit::Done)
}

fn render(contacts: &[ContactShown], width: usize) -> String {
    if contacts.is_empty() {
        return format!("Nobody yet. {}\n", faint("`twin pair` makes a ticket for somebody."));
    }
    let mut table = Table::new([("name", Side::Left), ("", Side::Left), ("since", Side::Left), ("keys", Side::Left)]);
    for contact in contacts {
        let state = if contact.blocked {
            bad("blocked")
        } else if contact.connected {
            good("here now")
        } else {
            String::new()
        };
        let keys = contact.keys.last().map_or_else(String::new, |keys| {
            format!("version {}, seen {}", keys.version, &words::time(&keys.seen)[..10])
        });
        let state = match &contact.web {
            Some(web) if state.is_empty() => plain(web),
            Some(web) => format!("{state}, {}", plain(web)),
            None => state,
        };
        table.row([plain(&contact.name), state, words::time(&contact.paired)[..10].to_owned(), keys]);
    }
    table.render(width)
}
