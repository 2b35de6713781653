//! Messages as a person reads them: a line each, with who, what and how far it came.

use crate::reach::Reach;
use crate::render::table::plain;
use crate::render::{faint, words};
use crate::trouble::Trouble;
use didymos_base::Did;
use didymos_twin::response::{CircleEvent, Delivery, FileState, MessageShown};
use didymos_twin::{Request, Response};
use std::collections::BTreeMap;

/// What people are called: contacts by their names, and the owner.
#[derive(Default)]
pub(super) struct Names(BTreeMap<Did, String>);

impl Names {
    /// Asks the twin, if there is somebody to be named.
    pub(super) fn of(reach: &Reach, messages: &[MessageShown]) -> Result<Self, Trouble> {
        if messages.iter().all(|message| message.event.is_none()) {
            return Ok(Self::default());
        }
        let Response::Contacts(contacts) = reach.ask(&Request::Contacts)? else { return Err(Trouble::misunderstood()) };
        let Response::Status(status) = reach.ask(&Request::Status)? else { return Err(Trouble::misunderstood()) };
        let mut names: BTreeMap<Did, String> =
            contacts.into_iter().map(|contact| (contact.did, plain(&contact.name))).collect();
        names.insert(status.did, "you".to_owned());
        Ok(Self(names))
    }

    fn get(&self, did: &Did) -> String {
        self.0.get(did).cloned().unwrap_or_else(|| did.to_string())
    }
}

/// A line each.
pub(super) fn render(messages: &[MessageShown], names: &Names) -> String {
    let mut text = String::new();
    for message in messages {
        let who = if message.mine {
            "you".to_owned()
        } else {
            message.name.as_deref().map_or_else(|| message.from.to_string(), plain)
        };
        let id = faint(&message.message.to_string()[..8]);
        let time = faint(&words::time(&message.at));
        let body = message.event.as_ref().map_or_else(|| said(message), |event| happened(event, names));
        let way = message.delivery.map(delivery).unwrap_or_default();
        text.push_str(&format!("{time} {id} {who}: {body}{}\n", faint(way)));
    }
    text
}

fn said(message: &MessageShown) -> String {
    let file = message.file.as_ref().map(|file| {
        let state = match file.state {
            FileState::Here => "",
            FileState::Coming => ", on its way",
            FileState::There => ", not fetched",
        };
        format!("[{}, {} bytes{state}] ", plain(&file.name), file.bytes)
    });
    format!("{}{}", file.unwrap_or_default(), plain(&message.text))
}

fn happened(event: &CircleEvent, names: &Names) -> String {
    match event {
        CircleEvent::Joined { did } => format!("let {} in", names.get(did)),
        CircleEvent::Left { did } => {
            let name = names.get(did);
            if name == "you" { "you are out".to_owned() } else { format!("{name} is out") }
        }
        CircleEvent::Named { name } => format!("called it {}", plain(name)),
    }
}

fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Waiting => "  (waiting)",
        Delivery::Handed => "  (handed on)",
        Delivery::Delivered => "  (delivered)",
        Delivery::Read => "  (read)",
    }
}
